#include "keyserver/requests.h"

#include <charconv>

#include "core/envelope/id.h"
#include "keyserver/json_fields.h"
#include "net/http_message.h"

namespace bulla::keyserver {
namespace {

constexpr std::size_t kMaxAddress = 1024;    // as typed; what is canonical is shorter
constexpr std::size_t kMaxName = 16 * 1024;  // as in a manifest
constexpr std::size_t kMaxToken = 1024;
constexpr std::size_t kMaxMessage = 1024;  // OPAQUE messages; each kind has one size
constexpr std::size_t kMaxHolder = 256;

// read parses the body and lets `take` read its fields; the first mistake is the result.
template <class Take>
auto read(std::string_view body, const Take& take) -> Result<decltype(take(std::declval<Fields&>()))> {
  BULLA_TRY(const auto value, parse_object(body));
  std::optional<Error> mistake;
  Fields fields(value, mistake);
  auto out = take(fields);
  if (mistake) return fail(*mistake);
  return out;
}

mail::Address address_of(Fields& fields) {
  auto address = mail::Address::parse(fields.text("address", kMaxAddress));
  if (!address) fields.wrong("address", "is not an e-mail address");
  // Any address does: the mistake makes the whole reading fail.
  return address ? *address : *mail::Address::parse("nobody@invalid.example");
}

store::EnvelopeId id_of(Fields& fields, std::string_view name) {
  const auto id = parse_id(fields.text(name, envelope::EnvelopeId::kTextSize));
  if (!id) fields.wrong(name, "is not an envelope id");
  return id.value_or(store::EnvelopeId{});
}

keys::NewRecipient recipient_of(Fields fields) {
  // What is wrong with one recipient's values is that recipient's result; it does not spoil the batch for the others.
  keys::NewRecipient out;
  out.address = fields.text("address", kMaxAddress, 0);
  auto shares = fields.objects("shares", kMaxBatch);
  if (shares.size() > 1) fields.wrong("shares", "must be one share, in this version");
  for (auto& share : shares)
    out.share = {share.text("to", kMaxHolder, 0), share.text("stanza", 4 * keys::kMaxStanzaText, 0)};
  return out;
}

keys::NewEnvelope envelope_of(Fields fields, std::size_t& recipients) {
  keys::NewEnvelope out;
  out.id = id_of(fields, "id");
  out.sender = fields.text("sender", kMaxAddress, 0);
  out.sender_name = fields.text("sender_name", kMaxName, 0);
  out.date = fields.time("date");
  out.expires = fields.time_or_null("expires");
  for (auto& recipient : fields.objects("recipients", kMaxBatch)) out.recipients.push_back(recipient_of(recipient));
  recipients += out.recipients.size();
  if (recipients > kMaxBatch) fields.wrong("recipients", "are more than 500 in all");
  return out;
}

}  // namespace

Result<DirectoryRequest> parse_directory(std::string_view body) {
  return read(body, [](Fields& f) { return DirectoryRequest{f.texts("addresses", kMaxBatch, kMaxAddress)}; });
}

Result<RegisterRequest> parse_register(std::string_view body) {
  return read(body, [](Fields& f) {
    RegisterRequest out;
    std::size_t recipients = 0;
    for (auto& envelope : f.objects("envelopes", kMaxBatch)) out.envelopes.push_back(envelope_of(envelope, recipients));
    return out;
  });
}

Result<CodeRequest> parse_code(std::string_view body) {
  return read(body, [](Fields& f) { return CodeRequest{address_of(f)}; });
}

Result<VerifyRequest> parse_verify(std::string_view body) {
  return read(body, [](Fields& f) { return VerifyRequest{f.text("request", kMaxToken), f.text("code", kMaxToken)}; });
}

Result<RegistrationStart> parse_registration_start(std::string_view body) {
  return read(
      body, [](Fields& f) { return RegistrationStart{f.text("ticket", kMaxToken), f.binary("message", kMaxMessage)}; });
}

Result<keys::NewAccount> parse_registration_finish(std::string_view body) {
  return read(body, [](Fields& f) {
    return keys::NewAccount{f.text("ticket", kMaxToken), f.binary("message", kMaxMessage),
                            f.text("recipient", kMaxHolder), f.binary("identity", keys::kMaxIdentity)};
  });
}

Result<SessionStart> parse_session_start(std::string_view body) {
  return read(body, [](Fields& f) { return SessionStart{address_of(f), f.binary("message", kMaxMessage)}; });
}

Result<SessionFinish> parse_session_finish(std::string_view body) {
  // The token holds an address.
  return read(
      body, [](Fields& f) { return SessionFinish{f.text("login", 4 * kMaxToken), f.binary("message", kMaxMessage)}; });
}

Result<LookRequest> parse_look(std::string_view body) {
  return read(body, [](Fields& f) { return LookRequest{id_of(f, "envelope"), address_of(f)}; });
}

Result<> parse_nothing(std::string_view body) {
  BULLA_TRY(const auto value, parse_object(body));
  (void)value;
  return {};
}

Result<std::int64_t> parse_after(std::string_view query) {
  const auto text = net::query_value(query, "after");
  if (!text) return query.empty() ? Result<std::int64_t>(0) : fail(Code::kInvalid, "after: is missing");
  std::int64_t after = -1;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), after);
  if (error != std::errc() || end != text->data() + text->size() || after < 0)
    return fail(Code::kInvalid, "after: must be a number");
  return after;
}

std::optional<store::EnvelopeId> parse_id(std::string_view text) {
  const auto id = envelope::EnvelopeId::parse(text);
  if (!id) return std::nullopt;
  return id->bytes();
}

}  // namespace bulla::keyserver
