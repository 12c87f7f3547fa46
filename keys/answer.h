// Answer: what a decision gives back: a value, or a Problem that the asker is told.
#pragma once

#include <expected>
#include <optional>
#include <string>

#include "core/base/clock.h"
#include "core/base/result.h"

namespace bulla::keys {

// ProblemCode is the kind of a problem, in the words of the API (doc/key-api.md, Errors).
enum class ProblemCode {
  kBadRequest,
  kSignIn,
  kGatewayToken,
  kWrongCode,
  kNotFound,
  kConflict,
  kGone,
  kTooMany,
  kUnavailable,
};

// Problem is an error as the asker sees it: message and hint are for people and hold no secret and no address.
struct Problem {
  ProblemCode code;
  std::string message;
  std::string hint;
  std::optional<int> tries_left;  // of a typed code
  std::string state;              // of an envelope that is not released: "locked", "expired"
  Millis retry_after = 0;
  std::string cause;  // for the log: what the store or the randomness said

  Problem(ProblemCode code_, std::string message_, std::string hint_ = {})
      : code(code_), message(std::move(message_)), hint(std::move(hint_)) {}
  // An Error of the parts below: input that did not parse is the asker's, everything else is ours to log.
  // Implicit, so that BULLA_TRY turns a failed Result into a failed Answer.
  Problem(Error error);
};

template <class T = void>
class [[nodiscard]] Answer : public std::expected<T, Problem> {
 public:
  using std::expected<T, Problem>::expected;
};

// deny makes the problem alternative of any Answer.
inline std::unexpected<Problem> deny(ProblemCode code, std::string message, std::string hint = {}) {
  return std::unexpected<Problem>(Problem(code, std::move(message), std::move(hint)));
}
std::unexpected<Problem> deny_for(Millis retry_after);
std::unexpected<Problem> deny_sign_in();

}  // namespace bulla::keys
