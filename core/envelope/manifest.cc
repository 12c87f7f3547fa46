#include "core/envelope/manifest.h"

#include <algorithm>

#include "core/base/encoding.h"
#include "core/base/time_text.h"
#include "core/envelope/check.h"
#include "core/envelope/json.h"
#include "core/envelope/utf8.h"

namespace bulla::envelope {
namespace {

namespace json = boost::json;

template <class T>
struct Word {
  const char* text;
  T value;
};
constexpr Word<Disposition> kDispositions[] = {
    {"", Disposition::kNone}, {"inline", Disposition::kInline}, {"attachment", Disposition::kAttachment}};
constexpr Word<Encoding> kEncodings[] = {{"identity", Encoding::kIdentity},
                                         {"base64", Encoding::kBase64},
                                         {"quoted-printable", Encoding::kQuotedPrintable},
                                         {"other", Encoding::kOther}};
constexpr Word<bool May::*> kMays[] = {
    {"reply", &May::reply}, {"reply-all", &May::reply_all}, {"forward", &May::forward}};
constexpr Word<bool> kIndexes[] = {{"complete", true}, {"none", false}};

template <class T, std::size_t N>
const char* word_of(const Word<T> (&words)[N], T value) {
  return std::ranges::find(words, value, &Word<T>::value)->text;
}

template <class T, std::size_t N>
std::optional<T> value_of(const Word<T> (&words)[N], std::string_view text) {
  for (const auto& word : words)
    if (word.text == text) return word.value;
  return std::nullopt;
}

// ---- writing

json::value mailbox_value(const Mailbox& mailbox) {
  return json::object{{"address", mailbox.address}, {"name", mailbox.name}};
}

json::value mailboxes_value(const std::vector<Mailbox>& mailboxes) {
  json::array out;
  for (const auto& mailbox : mailboxes) out.push_back(mailbox_value(mailbox));
  return out;
}

json::value part_value(const Part& part) {
  return json::object{{"type", part.type}, {"charset", part.charset},
                      {"name", part.name}, {"disposition", word_of(kDispositions, part.disposition)},
                      {"cid", part.cid},   {"offset", part.offset},
                      {"size", part.size}, {"encoding", word_of(kEncodings, part.encoding)}};
}

json::value group_value(const BodyGroup& group) {
  json::object out;
  if (group.text) out["text"] = *group.text;
  if (group.html) out["html"] = *group.html;
  return out;
}

json::value may_value(const May& may) {
  json::array out;
  for (const auto& word : kMays)
    if (may.*word.value) out.emplace_back(word.text);
  return out;
}

json::object manifest_value(const Manifest& manifest) {
  json::object out;
  out["v"] = 1;
  out["id"] = manifest.id.text();
  out["key"] = base64url(manifest.key);
  out["organisation"] = json::object{{"id", manifest.organisation.id}, {"name", manifest.organisation.name}};
  out["from"] = mailbox_value(manifest.from);
  if (manifest.sender) out["sender"] = mailbox_value(*manifest.sender);
  out["to"] = mailboxes_value(manifest.to);
  out["cc"] = mailboxes_value(manifest.cc);
  out["subject"] = manifest.subject;
  out["date"] = rfc3339(manifest.date);
  out["sealed"] = rfc3339(manifest.sealed);
  out["expires"] = manifest.expires ? json::value(rfc3339(*manifest.expires)) : json::value();
  out["may"] = may_value(manifest.may);
  if (manifest.reply) out["reply"] = json::object{{"key", manifest.reply->key}, {"token", manifest.reply->token}};
  if (manifest.archive) out["archive"] = *manifest.archive;
  out["message"] = json::object{
      {"size", manifest.size}, {"original_size", manifest.original_size}, {"root", base64url(manifest.root)}};
  json::array runs, parts, body;
  for (const auto& run : manifest.runs) runs.push_back(json::array{run.offset, run.size, run.width});
  for (const auto& part : manifest.parts) parts.push_back(part_value(part));
  for (const auto& group : manifest.body) body.push_back(group_value(group));
  out["runs"] = std::move(runs);
  out["parts"] = std::move(parts);
  out["body"] = std::move(body);
  out["index"] = word_of(kIndexes, manifest.complete);
  return out;
}

// ---- reading

Mailbox read_mailbox(const JsonObject& object) {
  return {object.text("address", kMaxString), object.text("name", kMaxString)};
}

std::vector<Mailbox> read_mailboxes(const JsonObject& object, std::string_view name, bool& ok) {
  std::vector<Mailbox> out;
  for (const auto& value : object.list(name, kMaxMailboxes)) out.push_back(read_mailbox({value, ok}));
  return out;
}

template <class T, std::size_t N>
T read_word(const JsonObject& object, std::string_view name, const Word<T> (&words)[N]) {
  const auto value = value_of(words, object.text(name, kMaxString));
  if (!value) object.fail();
  return value.value_or(words[0].value);
}

template <std::size_t N>
ByteArray<N> read_bytes(const JsonObject& object, std::string_view name) {
  ByteArray<N> out{};
  const auto bytes = decode_base64url(object.text(name, kMaxString));
  if (bytes && bytes->size() == N)
    std::ranges::copy(*bytes, out.begin());
  else
    object.fail();
  return out;
}

Run read_run(const json::value& value, bool& ok) {
  Run out;
  const auto* numbers = value.if_array();
  if (numbers == nullptr || numbers->size() != 3) {
    ok = false;
    return out;
  }
  const auto offset = json_number((*numbers)[0], kMaxMessage);
  const auto size = json_number((*numbers)[1], kMaxMessage);
  const auto width = json_number((*numbers)[2], kMaxRunWidth);
  if (!offset || !size || !width) {
    ok = false;
    return out;
  }
  return {*offset, *size, static_cast<std::uint32_t>(*width)};
}

Part read_part(const JsonObject& object) {
  return {.type = object.text("type", kMaxString),
          .charset = object.text("charset", kMaxString),
          .name = object.text("name", kMaxString),
          .disposition = read_word(object, "disposition", kDispositions),
          .cid = object.text("cid", kMaxString),
          .offset = object.number("offset", kMaxMessage),
          .size = object.number("size", kMaxMessage),
          .encoding = read_word(object, "encoding", kEncodings)};
}

BodyGroup read_group(const JsonObject& object) {
  BodyGroup out;
  if (object.has("text")) out.text = static_cast<std::uint32_t>(object.number("text", kMaxParts - 1));
  if (object.has("html")) out.html = static_cast<std::uint32_t>(object.number("html", kMaxParts - 1));
  return out;
}

May read_may(const JsonObject& object) {
  May out;
  for (const auto& value : object.list("may", std::size(kMays))) {
    const auto* text = value.if_string();
    const auto member = text == nullptr ? std::nullopt : value_of(kMays, *text);
    if (member)
      out.*(*member) = true;
    else
      object.fail();
  }
  return out;
}

void read_message(const JsonObject& object, Manifest& out, bool& ok) {
  const auto message = object.object("message");
  out.size = message.number("size", kMaxMessage);
  out.original_size = message.number("original_size", 2 * kMaxMessage);
  out.root = read_bytes<32>(message, "root");
  for (const auto& value : object.list("runs", kMaxRuns)) out.runs.push_back(read_run(value, ok));
  for (const auto& value : object.list("parts", kMaxParts)) out.parts.push_back(read_part({value, ok}));
  for (const auto& value : object.list("body", kMaxParts)) out.body.push_back(read_group({value, ok}));
  out.complete = read_word(object, "index", kIndexes);
}

std::optional<ReplyTo> read_reply(const JsonObject& object) {
  if (!object.has("reply")) return std::nullopt;
  const auto reply = object.object("reply");
  ReplyTo out{reply.text("key", kMaxString), reply.text("token", kMaxString)};
  if (!decode_base64url(out.token)) reply.fail();
  return out;
}

// ---- what both must hold to

bool short_enough(const Mailbox& mailbox) {
  return mailbox.address.size() <= kMaxString && mailbox.name.size() <= kMaxString;
}

bool short_enough(const Part& part) {
  return std::max({part.type.size(), part.charset.size(), part.name.size(), part.cid.size()}) <= kMaxString;
}

bool strings_short(const Manifest& manifest) {
  auto all = [](const auto& list) { return std::ranges::all_of(list, [](const auto& i) { return short_enough(i); }); };
  return short_enough(manifest.from) && (!manifest.sender || short_enough(*manifest.sender)) && all(manifest.to) &&
         all(manifest.cc) && all(manifest.parts) && manifest.subject.size() <= kMaxString &&
         manifest.organisation.id.size() <= kMaxString && manifest.organisation.name.size() <= kMaxString &&
         (!manifest.archive || manifest.archive->size() <= kMaxString) &&
         (!manifest.reply || std::max(manifest.reply->key.size(), manifest.reply->token.size()) <= kMaxString);
}

// Misleads: what shows nothing, turns the text around it, or looks like an @ (§6).
bool misleads(char32_t c) {
  constexpr std::pair<char32_t, char32_t> kRanges[] = {
      {0x0, 0x20},      {0x7f, 0xa0},     {0xad, 0xad},     {0x34f, 0x34f},     {0x61c, 0x61c},     {0x115f, 0x1160},
      {0x1680, 0x1680}, {0x17b4, 0x17b5}, {0x180b, 0x180f}, {0x2000, 0x200f},   {0x2028, 0x202f},   {0x205f, 0x206f},
      {0x2800, 0x2800}, {0x3000, 0x3000}, {0x3164, 0x3164}, {0xfe00, 0xfe0f},   {0xfe6b, 0xfe6b},   {0xfeff, 0xfeff},
      {0xff20, 0xff20}, {0xffa0, 0xffa0}, {0xfff0, 0xfff8}, {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff}};
  return std::ranges::any_of(kRanges, [c](const auto& range) { return c >= range.first && c <= range.second; });
}

bool parts_fit(const Manifest& manifest) {
  const auto count = manifest.parts.size();
  auto part_fits = [&](const Part& part) {
    return part.offset <= manifest.size && part.size <= manifest.size - part.offset;
  };
  // Each part is shown once: a manifest of a few parts must not make a reader show gigabytes.
  std::vector<bool> shown(count);
  auto first_time = [&](std::optional<std::uint32_t> part) {
    if (!part) return true;
    if (*part >= count || shown[*part]) return false;
    shown[*part] = true;
    return true;
  };
  auto group_fits = [&](const BodyGroup& group) {
    return (group.text || group.html) && first_time(group.text) && first_time(group.html);
  };
  if (!manifest.complete && (count > 0 || !manifest.body.empty())) return false;
  return count <= kMaxParts && manifest.body.size() <= kMaxParts && std::ranges::all_of(manifest.parts, part_fits) &&
         std::ranges::all_of(manifest.body, group_fits);
}

Result<> check(const Manifest& manifest) {
  const auto mailboxes = 1 + (manifest.sender ? 1 : 0) + manifest.to.size() + manifest.cc.size();
  if (mailboxes > kMaxMailboxes) return fail(Code::kInvalid, "the manifest names too many mailboxes");
  if (!is_author(manifest.from.address) || (manifest.sender && !is_author(manifest.sender->address)))
    return fail(Code::kInvalid, "the author's address holds something hidden, or more than one @");
  if (!strings_short(manifest)) return fail(Code::kInvalid, "a text in the manifest is too long");
  BULLA_CHECK_OK(check_runs(manifest.runs, manifest.size));
  if (original_size(manifest.runs, manifest.size) != manifest.original_size)
    return fail(Code::kInvalid, "the sizes in the manifest contradict each other");
  if (!parts_fit(manifest)) return fail(Code::kInvalid, "the manifest names parts that are not there");
  return {};
}

}  // namespace

bool is_author(std::string_view address) {
  if (std::ranges::count(address, '@') > 1) return false;
  while (!address.empty())
    if (misleads(next_code_point(address))) return false;
  return true;
}

Result<std::string> write_manifest(const Manifest& manifest) {
  BULLA_CHECK_OK(check(manifest));
  auto text = json::serialize(manifest_value(manifest));
  if (text.size() > kMaxManifest) return fail(Code::kInvalid, "the manifest is too long");
  return text;
}

Result<Manifest> parse_manifest(std::string_view text) {
  const auto malformed = [] { return fail(Code::kInvalid, "the manifest is malformed"); };
  if (text.size() > kMaxManifest) return malformed();
  BULLA_TRY(const auto value, parse_json(text));
  bool ok = true;
  const JsonObject object(value, ok);
  const auto id = EnvelopeId::parse(object.text("id", kMaxString));
  if (!id || object.number("v", 1) != 1) return malformed();
  Manifest out{.id = *id};
  out.key = read_bytes<32>(object, "key");
  const auto organisation = object.object("organisation");
  out.organisation = {organisation.text("id", kMaxString), organisation.text("name", kMaxString)};
  out.from = read_mailbox(object.object("from"));
  if (object.has("sender")) out.sender = read_mailbox(object.object("sender"));
  out.to = read_mailboxes(object, "to", ok);
  out.cc = read_mailboxes(object, "cc", ok);
  out.subject = object.text("subject", kMaxString);
  out.date = object.time("date");
  out.sealed = object.time("sealed");
  if (!object.at("expires").is_null()) out.expires = object.time("expires");
  out.may = read_may(object);
  out.reply = read_reply(object);
  if (object.has("archive")) out.archive = object.text("archive", kMaxString);
  read_message(object, out, ok);
  if (!ok) return malformed();
  BULLA_CHECK_OK(check(out));
  return out;
}

}  // namespace bulla::envelope
