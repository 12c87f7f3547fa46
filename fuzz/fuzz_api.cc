// The bodies of the key server's API, from JSON to values. First byte: which request. The rest: its body.
// Whatever is read keeps its bounds, and whatever is refused says why.
#include "fuzz/fuzzer.h"
#include "keyserver/requests.h"
#include "keyserver/routes.h"

using namespace bulla;

namespace {

template <class T>
bool read(const Result<T>& parsed) {
  if (parsed) {
    fuzz::accepted();
    return true;
  }
  BULLA_ASSERT(parsed.error().code == Code::kInvalid && !parsed.error().text.empty());
  return false;
}

void read_register(std::string_view body) {
  const auto parsed = keyserver::parse_register(body);
  if (!read(parsed)) return;
  std::size_t recipients = 0;
  for (const auto& envelope : parsed->envelopes) {
    recipients += envelope.recipients.size();
    BULLA_ASSERT(!envelope.recipients.empty());
  }
  BULLA_ASSERT(recipients >= 1 && recipients <= keyserver::kMaxBatch);
}

void read_address(const Result<keyserver::CodeRequest>& parsed) {
  if (!read(parsed)) return;
  // What is canonical stays as it is.
  const auto again = mail::Address::parse(parsed->address.text());
  BULLA_ASSERT(again && *again == parsed->address);
}

// A path that is there answers to the methods that Allow names, and to no others.
void find_routes(std::string_view path) {
  using enum net::HttpMethod;
  for (const auto method : {kGet, kHead, kPost, kPut, kDelete}) {
    const auto match = keyserver::find_route(method, path);
    if (match.entry) {
      fuzz::accepted();
      BULLA_ASSERT(match.entry->method == (method == kHead ? kGet : method));
      BULLA_ASSERT(match.parameter.find('/') == std::string_view::npos && path.contains(match.parameter));
    } else {
      BULLA_ASSERT(!match.allow.contains(net::method_name(method)));
    }
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const auto kind = input.byte();
  const auto body = as_text(input.rest());
  switch (kind % 12) {
    case 0:
      read_register(body);
      break;
    case 1:
      read_address(keyserver::parse_code(body));
      break;
    case 2:
      read(keyserver::parse_directory(body));
      break;
    case 3:
      read(keyserver::parse_verify(body));
      break;
    case 4:
      read(keyserver::parse_registration_start(body));
      break;
    case 5:
      if (const auto parsed = keyserver::parse_registration_finish(body); read(parsed))
        BULLA_ASSERT(parsed->identity.size() <= keys::kMaxIdentity);
      break;
    case 6:
      read(keyserver::parse_session_start(body));
      break;
    case 7:
      read(keyserver::parse_session_finish(body));
      break;
    case 8:
      read(keyserver::parse_look(body));
      break;
    case 9:
      read(keyserver::parse_nothing(body));
      break;
    case 10:
      if (const auto after = keyserver::parse_after(body); read(after)) BULLA_ASSERT(*after >= 0);
      break;
    default:
      find_routes(body);
  }
  return 0;
}
