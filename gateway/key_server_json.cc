#include "gateway/key_server_json.h"

#include <boost/json.hpp>

#include "core/base/time_text.h"

namespace bulla::gateway {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxReason = 500;
constexpr std::size_t kMaxKeys = 100;  // of one address

auto not_an_answer(const char* what) {
  return fail(Code::kUnavailable, std::string("the key server's answer cannot be read: ") + what,
              "is there really a Bulla key server at this address?");
}

std::optional<json::object> parse_object(std::string_view text) {
  json::parse_options options;
  options.max_depth = 16;
  boost::system::error_code error;
  auto value = json::parse(json::string_view(text.data(), text.size()), error, {}, options);
  if (error || !value.is_object()) return std::nullopt;
  return std::move(value.as_object());
}

// The readers below give a null pointer when there is no such member of that type.
const json::object* object_at(const json::object& in, const char* name) {
  const auto* value = in.if_contains(name);
  return value ? value->if_object() : nullptr;
}
const json::array* array_at(const json::object& in, const char* name) {
  const auto* value = in.if_contains(name);
  return value ? value->if_array() : nullptr;
}
std::optional<std::string> text_at(const json::object& in, const char* name) {
  const auto* value = in.if_contains(name);
  const auto* text = value ? value->if_string() : nullptr;
  if (!text) return std::nullopt;
  return std::string(text->data(), text->size());
}

json::string_view view(const std::string& text) {
  return {text.data(), text.size()};
}

json::object recipient_json(const NewRecipient& recipient) {
  json::array shares;
  for (const auto& share : recipient.shares)
    shares.push_back(json::object{{"to", view(share.to)}, {"stanza", view(share.stanza)}});
  return {{"address", view(recipient.address)}, {"shares", std::move(shares)}};
}

json::object envelope_json(const NewEnvelope& envelope) {
  json::array recipients;
  for (const auto& recipient : envelope.recipients) recipients.push_back(recipient_json(recipient));
  json::object out{{"id", view(envelope.id)},
                   {"sender", view(envelope.sender)},
                   {"sender_name", view(envelope.sender_name)},
                   {"date", view(rfc3339(envelope.date))}};
  out["expires"] = nullptr;
  if (envelope.expires) out["expires"] = view(rfc3339(*envelope.expires));
  out["recipients"] = std::move(recipients);
  return out;
}

std::optional<RegisterResult> read_result(const json::value& value, const NewRecipient& asked) {
  const auto* object = value.if_object();
  if (!object || text_at(*object, "address") != asked.address) return std::nullopt;
  const auto status = text_at(*object, "status");
  auto reason = text_at(*object, "reason").value_or("");
  if (reason.size() > kMaxReason) reason.resize(kMaxReason);
  if (status == "registered") return RegisterResult{RegisterStatus::kRegistered, std::move(reason)};
  if (status == "outdated") return RegisterResult{RegisterStatus::kOutdated, std::move(reason)};
  if (status == "refused") return RegisterResult{RegisterStatus::kRefused, std::move(reason)};
  return std::nullopt;
}

std::optional<std::vector<RegisterResult>> read_envelope_results(const json::value& value, const NewEnvelope& asked) {
  const auto* object = value.if_object();
  const auto* recipients = object ? array_at(*object, "recipients") : nullptr;
  if (!recipients || text_at(*object, "id") != asked.id || recipients->size() != asked.recipients.size())
    return std::nullopt;
  std::vector<RegisterResult> out;
  for (std::size_t i = 0; i < recipients->size(); ++i) {
    auto result = read_result((*recipients)[i], asked.recipients[i]);
    if (!result) return std::nullopt;
    out.push_back(std::move(*result));
  }
  return out;
}

}  // namespace

std::string directory_request(const std::vector<std::string>& addresses) {
  json::array list;
  for (const auto& address : addresses) list.emplace_back(view(address));
  return json::serialize(json::object{{"addresses", std::move(list)}});
}

Result<Directory> read_directory(std::string_view text) {
  const auto object = parse_object(text);
  const auto* release = object ? object_at(*object, "release_key") : nullptr;
  const auto* keys = object ? object_at(*object, "keys") : nullptr;
  if (!release || !keys) return not_an_answer("no directory");
  auto id = text_at(*release, "id");
  auto recipient = text_at(*release, "recipient");
  if (!id || !recipient) return not_an_answer("no release key");
  Directory out{std::move(*id), std::move(*recipient), {}, parse_rfc3339(text_at(*object, "time").value_or(""))};
  for (const auto& [address, value] : *keys) {
    const auto* list = value.if_array();
    if (!list || list->size() > kMaxKeys) return not_an_answer("bad keys");
    auto& mine = out.keys[std::string(address.data(), address.size())];
    for (const auto& key : *list) {
      if (!key.is_string()) return not_an_answer("bad keys");
      mine.emplace_back(key.get_string().data(), key.get_string().size());
    }
  }
  return out;
}

std::string register_request(const std::vector<NewEnvelope>& envelopes) {
  json::array list;
  for (const auto& envelope : envelopes) list.push_back(envelope_json(envelope));
  return json::serialize(json::object{{"envelopes", std::move(list)}});
}

Result<std::vector<std::vector<RegisterResult>>> read_results(std::string_view text,
                                                              const std::vector<NewEnvelope>& asked) {
  const auto object = parse_object(text);
  const auto* results = object ? array_at(*object, "results") : nullptr;
  if (!results || results->size() != asked.size()) return not_an_answer("no results");
  std::vector<std::vector<RegisterResult>> out;
  for (std::size_t i = 0; i < asked.size(); ++i) {
    auto one = read_envelope_results((*results)[i], asked[i]);
    if (!one) return not_an_answer("results of something else");
    out.push_back(std::move(*one));
  }
  return out;
}

Error read_error(unsigned status, std::string_view text) {
  std::string message = "the key server answered " + std::to_string(status);
  if (const auto object = parse_object(text)) {
    const auto* error = object_at(*object, "error");
    if (const auto said = error ? text_at(*error, "message") : std::nullopt)
      message += ": " + said->substr(0, kMaxReason);
  }
  if (status == 401 || status == 403)
    return {Code::kDenied, message, "enrol this gateway at the key server: bulla-gateway --enrolment"};
  if (status == 429) return {Code::kTooMany, message, ""};
  if (status >= 400 && status < 500) return {Code::kInvalid, message, ""};
  return {Code::kUnavailable, message, ""};
}

}  // namespace bulla::gateway
