#include "mail/index_message.h"

#include <algorithm>
#include <iterator>
#include <map>

#include "core/envelope/manifest.h"
#include "mail/address.h"
#include "mail/fields.h"
#include "mail/gmime.h"

namespace bulla::mail {
namespace {

using envelope::BodyGroup;
using envelope::Disposition;
using envelope::Encoding;
using envelope::Mailbox;
using envelope::MessageIndex;
using envelope::Part;
using envelope::Run;

// All texts of the headers, and all of the parts: so that a manifest stays within its bound however they are escaped.
constexpr std::size_t kTextBudget = 384 * 1024;
constexpr Millis kLastDate = 253'402'300'799'999;  // the year 9999

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), g_ascii_tolower);
  return text;
}

// ---- headers

// Mailboxes of all fields of a name, as far as number and texts are within bounds.
std::vector<Mailbox> mailboxes_of(const HeaderFields& header, std::string_view name, std::size_t limit,
                                  std::size_t& budget) {
  std::vector<Mailbox> out;
  for (const auto& field : header.fields()) {
    if (!field.is(name)) continue;
    for (auto& mailbox : parse_mailboxes(field.value(), limit - out.size())) {
      const auto size = mailbox.address.size() + mailbox.name.size();
      if (size > budget) return out;
      budget -= size;
      out.push_back(std::move(mailbox));
    }
  }
  return out;
}

std::optional<Mailbox> first_mailbox(const HeaderFields& header, std::string_view name) {
  const auto* field = header.find(name);
  if (field == nullptr) return std::nullopt;
  auto mailboxes = parse_mailboxes(field->value(), 1);
  return mailboxes.empty() ? std::nullopt : std::optional(std::move(mailboxes.front()));
}

std::optional<Millis> date_of(const std::string& text) {
  const auto free_date = [](GDateTime* date) { g_date_time_unref(date); };
  const std::unique_ptr<GDateTime, decltype(free_date)> date(g_mime_utils_header_decode_date(text.c_str()));
  if (date == nullptr) return std::nullopt;
  const Millis time = g_date_time_to_unix(date.get()) * kSecond;
  return time > 0 && time <= kLastDate ? std::optional(time) : std::nullopt;
}

void read_headers(ByteView message, MessageIndex& out) {
  const HeaderFields header(message);
  out.from = first_mailbox(header, "from").value_or(Mailbox());
  out.sender = first_mailbox(header, "sender");
  // A Sender that could be taken for another address is not vouched for; it stands in the message itself.
  if (out.sender && (out.sender->address == out.from.address || !envelope::is_author(out.sender->address)))
    out.sender.reset();
  auto budget = kTextBudget;
  constexpr auto kLimit = envelope::kMaxMailboxes - 2;
  out.to = mailboxes_of(header, "to", kLimit, budget);
  out.cc = mailboxes_of(header, "cc", kLimit - out.to.size(), budget);
  if (const auto* subject = header.find("subject")) {
    const CString text(g_mime_utils_header_decode_text(nullptr, subject->value().c_str()));
    out.subject = one_line(clean_text(text.get()));
  }
  if (const auto* date = header.find("date")) out.date = date_of(date->value());
  if (const auto* id = header.find("message-id")) {
    const CString text(g_mime_utils_decode_message_id(id->value().c_str()));
    out.message_id = one_line(clean_text(text.get()), 998);
  }
}

// ---- parts

// Walker lists the leaves of a tree and decides what the letter is. Offsets are those of the original at first.
class Walker {
 public:
  explicit Walker(ByteView message) : message_(message) {}

  // False: beyond a bound, or the tree contradicts the message.
  bool walk(GMimeObject* root) {
    groups_ = walk(root, true, 0);
    return good_ && !parts_.empty();
  }

  void give(MessageIndex& out) && {
    out.parts = std::move(parts_);
    out.body = std::move(groups_);
    out.runs = std::move(runs_);
    out.complete = true;
  }

 private:
  using Groups = std::vector<BodyGroup>;

  Groups walk(GMimeObject* object, bool letter, int depth) {
    if (depth > envelope::kMaxNesting) good_ = false;
    if (!good_ || object == nullptr) return {};
    if (GMIME_IS_MULTIPART(object)) return walk_multipart(GMIME_MULTIPART(object), letter, depth);
    if (GMIME_IS_PART(object)) return leaf(GMIME_PART(object), letter);
    good_ = false;  // GMime makes nothing else of a message
    return {};
  }

  Groups walk_multipart(GMimeMultipart* multipart, bool letter, int depth) {
    const auto subtype = lower(clean_text(g_mime_content_type_get_media_subtype(content_type(multipart))));
    const int count = g_mime_multipart_get_count(multipart);
    const int root = subtype == "related" ? root_of(multipart) : 0;
    std::vector<Groups> children;
    for (int i = 0; i < count && good_; ++i) {
      // Of related and signed parts one is the letter; the others belong to it.
      const bool one_only = subtype == "related" || subtype == "signed";
      const bool child_letter = letter && subtype != "encrypted" && (!one_only || i == root);
      children.push_back(walk(g_mime_multipart_get_part(multipart, i), child_letter, depth + 1));
    }
    return subtype == "alternative" ? alternatives(children) : in_order(children);
  }

  static GMimeContentType* content_type(GMimeMultipart* multipart) {
    return g_mime_object_get_content_type(GMIME_OBJECT(multipart));
  }

  // The root of multipart/related (RFC 2387 §3.2): named by `start`, or the first.
  static int root_of(GMimeMultipart* multipart) {
    const char* start = g_mime_content_type_get_parameter(content_type(multipart), "start");
    if (start == nullptr) return 0;
    const CString id(g_mime_utils_decode_message_id(start));
    auto* part = id == nullptr ? nullptr : g_mime_multipart_get_subpart_from_content_id(multipart, id.get());
    return part == nullptr ? 0 : std::max(0, g_mime_multipart_index_of(multipart, part));
  }

  static Groups in_order(std::vector<Groups>& children) {
    Groups out;
    for (auto& child : children) std::ranges::move(child, std::back_inserter(out));
    return out;
  }

  // The first plain text and the last HTML are one group; what else the HTML's branch shows follows.
  static Groups alternatives(const std::vector<Groups>& children) {
    const Groups *text = nullptr, *html = nullptr;
    for (const auto& child : children) {
      if (child.empty()) continue;
      if (child.front().html)
        html = &child;
      else if (text == nullptr)
        text = &child;
    }
    if (html == nullptr) return text == nullptr ? Groups() : *text;
    Groups out = *html;
    if (text != nullptr && !out.front().text) out.front().text = text->front().text;
    return out;
  }

  Groups leaf(GMimePart* part, bool letter) {
    auto* content = g_mime_part_get_content(part);
    auto* stream = content == nullptr ? nullptr : g_mime_data_wrapper_get_stream(content);
    if (parts_.size() == envelope::kMaxParts) good_ = false;
    if (!good_) return {};
    Part out = described(part);
    if (stream != nullptr && !place(*stream, out)) good_ = false;
    if (stream == nullptr) out.offset = stored(end_);
    const auto texts = out.type.size() + out.charset.size() + out.name.size() + out.cid.size();
    if (texts > budget_) good_ = false;
    if (!good_) return {};
    budget_ -= texts;
    const auto number = static_cast<std::uint32_t>(parts_.size());
    parts_.push_back(std::move(out));
    return letter ? letter_of(parts_.back(), number) : Groups();
  }

  // A text with a file name is a file, unless nothing else could be the letter.
  static Groups letter_of(const Part& part, std::uint32_t number) {
    if (part.disposition == Disposition::kAttachment || (!part.name.empty() && number > 0)) return {};
    if (part.type == "text/html") return {BodyGroup{.text = {}, .html = number}};
    if (part.type == "text/plain") return {BodyGroup{.text = number, .html = {}}};
    return {};
  }

  static Part described(GMimePart* part) {
    auto* object = GMIME_OBJECT(part);
    auto* type = g_mime_object_get_content_type(object);
    const CString mime_type(g_mime_content_type_get_mime_type(type));
    Part out;
    out.type = lower(one_line(clean_text(mime_type.get()), 256));
    out.charset = lower(one_line(clean_text(g_mime_content_type_get_parameter(type, "charset")), 256));
    out.name = clean_text(g_mime_part_get_filename(part));
    out.cid = one_line(clean_text(g_mime_part_get_content_id(part)), 998);
    out.encoding = encoding_of(part);
    if (auto* disposition = g_mime_object_get_content_disposition(object)) {
      const auto word = lower(clean_text(g_mime_content_disposition_get_disposition(disposition)));
      // Unrecognised words count as attachment (RFC 2183 §2.8).
      out.disposition = word == "inline" ? Disposition::kInline : Disposition::kAttachment;
    }
    return out;
  }

  static Encoding encoding_of(GMimePart* part) {
    switch (g_mime_part_get_content_encoding(part)) {
      case GMIME_CONTENT_ENCODING_7BIT:
      case GMIME_CONTENT_ENCODING_8BIT:
      case GMIME_CONTENT_ENCODING_BINARY:
        return Encoding::kIdentity;
      case GMIME_CONTENT_ENCODING_BASE64:
        return Encoding::kBase64;
      case GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE:
        return Encoding::kQuotedPrintable;
      case GMIME_CONTENT_ENCODING_UUENCODE:
        return Encoding::kOther;
      case GMIME_CONTENT_ENCODING_DEFAULT:
        break;
    }
    const char* word = g_mime_object_get_header(GMIME_OBJECT(part), "Content-Transfer-Encoding");
    return word == nullptr || one_line(clean_text(word)).empty() ? Encoding::kIdentity : Encoding::kOther;
  }

  // Finds where a part's bytes are, and stores base64 decoded where that can be undone. Parts come in order.
  bool place(const GMimeStream& stream, Part& out) {
    const auto size = static_cast<gint64>(message_.size());
    const auto start = stream.bound_start;
    const auto end = stream.bound_end < 0 ? size : stream.bound_end;
    if (start < static_cast<gint64>(end_) || end < start || end > size) return false;
    const auto offset = static_cast<std::size_t>(start);
    auto content = message_.subspan(offset, static_cast<std::size_t>(end - start));
    out.offset = stored(offset);
    out.size = content.size();
    end_ = static_cast<std::size_t>(end);
    if (out.encoding == Encoding::kBase64) take_run(content, offset, out);
    return true;
  }

  // Line ends around a base64 text belong to no line of it; they stay as they are.
  void take_run(ByteView content, std::size_t offset, Part& out) {
    auto is_end = [](std::uint8_t byte) { return byte == '\r' || byte == '\n'; };
    while (!content.empty() && is_end(content.back())) content = content.first(content.size() - 1);
    while (!content.empty() && is_end(content.front())) {
      content = content.subspan(1);
      ++offset;
    }
    auto run = envelope::find_run(content);
    if (!run) return;
    run->offset = stored(offset);
    saved_ += content.size() - run->size;
    runs_.push_back(*run);
    out.offset = run->offset;
    out.size = run->size;
    out.encoding = Encoding::kIdentity;
  }

  std::uint64_t stored(std::size_t offset) const { return offset - saved_; }

  ByteView message_;
  std::vector<Part> parts_;
  std::vector<Run> runs_;
  Groups groups_;
  std::size_t end_ = 0;      // of the part before, in the original
  std::uint64_t saved_ = 0;  // by the runs so far
  std::size_t budget_ = kTextBudget;
  bool good_ = true;
};

}  // namespace

MessageIndex index_message(ByteView message) {
  gmime_ready();
  MessageIndex out;
  read_headers(message, out);
  const ViewStream stream(message);
  const auto parsed = parse_message(stream, message);
  if (parsed == nullptr) return out;
  Walker walker(message);
  if (walker.walk(g_mime_message_get_mime_part(parsed.get()))) std::move(walker).give(out);
  return out;
}

}  // namespace bulla::mail
