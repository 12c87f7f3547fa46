#include "core/base/result.h"

namespace bulla {

const char* code_name(Code code) {
  switch (code) {
    case Code::kInvalid:
      return "invalid";
    case Code::kAuthentic:
      return "authentic";
    case Code::kDenied:
      return "denied";
    case Code::kNotFound:
      return "not-found";
    case Code::kConflict:
      return "conflict";
    case Code::kTooMany:
      return "too-many";
    case Code::kUnavailable:
      return "unavailable";
    case Code::kTimeout:
      return "timeout";
    case Code::kClosed:
      return "closed";
    case Code::kInternal:
      return "internal";
  }
  return "internal";
}

}  // namespace bulla
