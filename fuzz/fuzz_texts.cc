// Small texts from outside: addresses, networks, times, ids, names of files, answers of a key server. What parses says
// in the end what it said at first. First byte: which kind. The rest: the text.
#include "cli/json.h"
#include "cli/part_bytes.h"
#include "cli/safe_name.h"
#include "core/base/encoding.h"
#include "core/base/time_text.h"
#include "fuzz/fuzzer.h"
#include "keyserver/requests.h"
#include "mail/address.h"
#include "mail/report_type.h"
#include "net/address.h"
#include "net/http_message.h"
#include "net/origin.h"
#include "program/config.h"
#include "queue/queue.h"

using namespace bulla;

namespace {

void check_origin(std::string_view text) {
  const auto origin = net::parse_origin(text);
  if (!origin) return;
  fuzz::accepted();
  const auto again = net::parse_origin(origin->text);
  BULLA_ASSERT(again && again->text == origin->text && again->host == origin->host);
  BULLA_ASSERT(origin->text.starts_with("https://") || origin->host == "localhost" || net::is_loopback(origin->host));
}

void check_network(std::string_view text) {
  const auto plain = net::plain_address(text);
  BULLA_ASSERT(net::plain_address(plain) == plain && net::is_loopback(plain) == net::is_loopback(text));
  const auto network = net::IpNetwork::parse(text);
  if (!network) return;
  fuzz::accepted();
  const auto address = text.substr(0, text.find('/'));
  BULLA_ASSERT(network->contains(address) && network->contains(net::plain_address(address)));
}

void check_endpoint(std::string_view text) {
  if (const auto endpoint = net::parse_endpoint(text, 25)) {
    fuzz::accepted();
    const auto again = net::parse_endpoint(endpoint->text());
    BULLA_ASSERT(again && *again == *endpoint);
  }
  if (const auto endpoint = program::parse_endpoint(text)) {
    const auto again = program::parse_endpoint(program::to_string(*endpoint));
    BULLA_ASSERT(again && *again == *endpoint);
  }
}

std::string percent_encode(std::string_view text) {
  std::string out;
  for (const char c : text) out += '%' + hex(as_bytes({&c, 1}));
  return out;
}

void check_query(std::string_view text) {
  const auto encoded = percent_encode(text);
  BULLA_ASSERT(net::percent_decode(encoded) == text && net::percent_decode(encoded, true) == text);
  BULLA_ASSERT(net::query_value("a=1&" + encoded + "=" + encoded + "&b", text) == (text == "a" ? "1" : text));
  for (const bool form : {false, true})
    if (const auto plain = net::percent_decode(text, form)) BULLA_ASSERT(plain->size() <= text.size());
  if (const auto value = net::query_value(text, "after")) BULLA_ASSERT(value->size() <= text.size());
  if (const auto after = keyserver::parse_after(text)) BULLA_ASSERT(*after >= 0);
}

void check_times(std::string_view text) {
  if (const auto time = parse_rfc3339(text)) BULLA_ASSERT(parse_rfc3339(rfc3339(*time)) == time);
  if (const auto duration = program::parse_duration(text)) BULLA_ASSERT(*duration >= 0);
  (void)program::parse_size(text);
}

void check_ids(std::string_view text) {
  if (const auto id = keyserver::parse_id(text)) BULLA_ASSERT(base64url(*id) == text);
  if (const auto id = queue::MessageId::parse(text)) BULLA_ASSERT(id->text() == text);
}

void check_report(std::string_view text) {
  if (!mail::is_notification(text)) return;
  fuzz::accepted();
  BULLA_ASSERT(text.size() <= 4096);
  auto lower = std::string(text);
  std::ranges::transform(lower, lower.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; });
  BULLA_ASSERT(lower.contains("report"));
}

void check_domain(std::string_view text) {
  if (const auto domain = mail::canonical_domain(text)) BULLA_ASSERT(mail::canonical_domain(*domain) == domain);
  BULLA_ASSERT(mail::parse_mailboxes(text, 3).size() <= 3);
}

void check_name(std::string_view text) {
  const auto name = cli::safe_name(text, "message");
  BULLA_ASSERT(!name.empty() && name.size() <= 200 && name.find_first_of("/\\:*?\"<>|") == name.npos);
  BULLA_ASSERT(!name.starts_with('.') && !name.ends_with('.') && !name.ends_with(' '));
  for (const char c : name) BULLA_ASSERT(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
  BULLA_ASSERT(cli::safe_name(name, "other") == name);
}

void check_part(ByteView bytes) {
  for (const auto encoding : {envelope::Encoding::kBase64, envelope::Encoding::kQuotedPrintable})
    BULLA_ASSERT(cli::part_bytes(encoding, bytes).size() <= bytes.size() + 4);
  BULLA_ASSERT(equal_public(cli::part_bytes(envelope::Encoding::kIdentity, bytes), bytes));
  BULLA_ASSERT(equal_public(cli::part_bytes(envelope::Encoding::kBase64, as_bytes(base64(bytes))), bytes));
}

// The fields of a release, which the client reads of what its key server answers.
void check_answer(std::string_view text) {
  const auto object = cli::JsonObject::parse(text);
  if (!object) return;
  fuzz::accepted();
  (void)object->text("share");
  (void)object->binary("message");
  if (const auto stanzas = object->texts("stanzas")) BULLA_ASSERT(stanzas->size() <= 1000);
  if (const auto organisation = object->object("organisation")) (void)organisation->text_or("name", "");
  (void)object->integer_or("tries_left", 0);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  using Check = void (*)(std::string_view);
  constexpr Check kChecks[] = {check_origin, check_network, check_endpoint, check_query, check_times,
                               check_ids,    check_report,  check_domain,   check_name,  check_answer};
  const auto kind = input.byte() % (std::size(kChecks) + 1);
  if (kind == std::size(kChecks))
    check_part(input.rest());
  else
    kChecks[kind](as_text(input.rest()));
  return 0;
}
