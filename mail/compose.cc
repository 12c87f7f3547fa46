#include "mail/compose.h"

#include <algorithm>

#include "core/base/encoding.h"
#include "mail/gmime.h"

namespace bulla::mail {
namespace {

constexpr const char* kFileName = "secure-message.html";

Ref<GMimePart> part_of(const char* type, const char* subtype, const char* charset, std::string_view content) {
  Ref<GMimePart> part(g_mime_part_new_with_type(type, subtype));
  if (charset != nullptr) g_mime_object_set_content_type_parameter(GMIME_OBJECT(part.get()), "charset", charset);
  const Ref<GMimeStream> stream(g_mime_stream_mem_new_with_buffer(content.data(), content.size()));
  const Ref<GMimeDataWrapper> wrapper(
      g_mime_data_wrapper_new_with_stream(stream.get(), GMIME_CONTENT_ENCODING_DEFAULT));
  g_mime_part_set_content(part.get(), wrapper.get());
  return part;
}

// A text of UTF-8 in the plainest encoding that 7 bit and line lengths allow.
Ref<GMimePart> text_part(const char* subtype, std::string_view text) {
  auto part = part_of("text", subtype, "utf-8", text);
  const bool plain = std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  auto encoding = g_mime_part_get_best_content_encoding(part.get(), GMIME_ENCODING_CONSTRAINT_7BIT);
  if (plain && encoding == GMIME_CONTENT_ENCODING_BASE64) encoding = GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE;
  g_mime_part_set_content_encoding(part.get(), encoding);
  return part;
}

Result<std::string> random_word(Random& random) {
  BULLA_TRY(const auto bytes, random_array<12>(random));
  return hex(bytes);
}

// A multipart whose boundary cannot stand in base64, nor be guessed.
Result<Ref<GMimeMultipart>> multipart(const char* subtype, Random& random) {
  BULLA_TRY(const auto word, random_word(random));
  Ref<GMimeMultipart> out(g_mime_multipart_new_with_subtype(subtype));
  g_mime_multipart_set_boundary(out.get(), ("=_bulla_" + word).c_str());
  return out;
}

template <class T>
void add(const Ref<GMimeMultipart>& multipart, const Ref<T>& part) {
  g_mime_multipart_add(multipart.get(), GMIME_OBJECT(part.get()));
}

Ref<GMimePart> attachment(std::string_view content) {
  auto part = part_of("text", "html", "us-ascii", content);
  g_mime_part_set_content_encoding(part.get(), GMIME_CONTENT_ENCODING_7BIT);
  g_mime_part_set_filename(part.get(), kFileName);
  g_mime_object_set_disposition(GMIME_OBJECT(part.get()), GMIME_DISPOSITION_ATTACHMENT);
  return part;
}

// A value that stands in a field of its own: printable ASCII, one line.
std::string safe_value(std::string_view text, std::size_t limit = 900) {
  std::string out;
  for (char c : one_line(text, limit)) out.push_back(c >= 0x20 && c < 0x7f ? c : '?');
  return out;
}

// A value that ends at white space or a special character where it is used: host names, protocol words.
std::string safe_word(std::string_view text, const char* otherwise) {
  std::string out;
  for (char c : text.substr(0, 255))
    if (g_ascii_isalnum(c) || c == '.' || c == '-' || c == '_' || c == ':') out.push_back(c);
  return out.empty() ? otherwise : out;
}

std::string date_text(Millis time) {
  const auto free_date = [](GDateTime* date) { g_date_time_unref(date); };
  const std::unique_ptr<GDateTime, decltype(free_date)> date(g_date_time_new_from_unix_utc(time / kSecond));
  const CString text(date == nullptr ? nullptr : g_mime_utils_header_format_date(date.get()));
  return text == nullptr ? "Thu, 01 Jan 1970 00:00:00 +0000" : text.get();
}

struct Frame {
  const envelope::Mailbox& from;
  const envelope::Mailbox& to;
  std::string_view subject;
  Millis date;
  std::string_view message_id_domain;
  const char* auto_submitted;
};

Result<Ref<GMimeMessage>> message_of(const Frame& frame, GMimeObject* body, Random& random) {
  gmime_ready();
  BULLA_TRY(const auto word, random_word(random));
  Ref<GMimeMessage> out(g_mime_message_new(TRUE));
  auto mailbox = [&](GMimeAddressType type, const envelope::Mailbox& who) {
    const auto name = one_line(who.name);
    g_mime_message_add_mailbox(out.get(), type, name.empty() ? nullptr : name.c_str(), one_line(who.address).c_str());
  };
  mailbox(GMIME_ADDRESS_TYPE_FROM, frame.from);
  mailbox(GMIME_ADDRESS_TYPE_TO, frame.to);
  g_mime_message_set_subject(out.get(), one_line(frame.subject).c_str(), "utf-8");
  auto* object = GMIME_OBJECT(out.get());
  g_mime_object_set_header(object, "Date", date_text(frame.date).c_str(), nullptr);
  g_mime_message_set_message_id(out.get(), (word + "@" + safe_word(frame.message_id_domain, "localhost")).c_str());
  g_mime_object_set_header(object, "Auto-Submitted", frame.auto_submitted, nullptr);
  g_mime_object_set_header(object, "MIME-Version", "1.0", nullptr);
  g_mime_message_set_mime_part(out.get(), body);
  return out;
}

std::string status_fields(const Bounce& bounce) {
  std::string out = "Reporting-MTA: dns; " + safe_word(bounce.reporting_mta, "localhost") + "\r\n";
  if (bounce.arrived > 0) out += "Arrival-Date: " + date_text(bounce.arrived) + "\r\n";
  for (const auto& recipient : bounce.recipients) {
    out += "\r\nFinal-Recipient: rfc822; " + safe_value(recipient.address);
    out += std::string("\r\nAction: ") + (bounce.delayed ? "delayed" : "failed");
    out += "\r\nStatus: " + safe_word(recipient.status, "5.0.0") + "\r\n";
    if (!recipient.remote_mta.empty())
      out += "Remote-MTA: dns; " + safe_word(recipient.remote_mta, "localhost") + "\r\n";
    if (!recipient.diagnostic.empty()) out += "Diagnostic-Code: smtp; " + safe_value(recipient.diagnostic) + "\r\n";
  }
  return out;
}

}  // namespace

Result<MailFrame> compose_envelope_mail(const EnvelopeMail& mail, Random& random) {
  gmime_ready();
  BULLA_TRY(const auto mark, random_word(random));
  BULLA_TRY(const auto outer, multipart("mixed", random));
  BULLA_TRY(const auto notice, multipart("alternative", random));
  add(notice, text_part("plain", mail.notice.text));
  add(notice, text_part("html", mail.notice.html));
  add(outer, notice);
  add(outer, attachment(mail.html.head + mark + mail.html.tail));
  const auto body = written(GMIME_OBJECT(outer.get()));
  const auto at = body.find(mark);
  if (at == std::string::npos || body.find(mark, at + 1) != std::string::npos)
    return fail(Code::kInternal, "the mail around an envelope could not be written");
  MailFrame out;
  out.head = mail.trace + mail.fields + mail.subject + "MIME-Version: 1.0\r\n" + body.substr(0, at);
  out.tail = body.substr(at + mark.size());
  if (!out.tail.ends_with("\r\n")) out.tail += "\r\n";
  return out;
}

std::uint64_t frame_size(const MailFrame& frame, std::uint64_t payload_size) {
  const auto characters = (payload_size + 2) / 3 * 4;
  const auto line_ends = characters == 0 ? 0 : (characters - 1) / 76;
  return frame.head.size() + characters + 2 * line_ends + frame.tail.size();
}

std::string received_field(const Received& received) {
  const bool six = received.from_address.find(':') != std::string::npos;
  std::string out = "Received: from " + safe_word(received.from_helo, "unknown") + " ([" + (six ? "IPv6:" : "") +
                    safe_word(received.from_address, "unknown") + "])\r\n\tby " + safe_word(received.by, "localhost") +
                    " with " + safe_word(received.with, "ESMTP");
  if (!received.id.empty()) out += " id " + safe_word(received.id, "none");
  return out + ";\r\n\t" + date_text(received.time) + "\r\n";
}

Result<std::string> compose_text_mail(const TextMail& mail, Random& random) {
  gmime_ready();
  const auto body = text_part("plain", mail.text);
  BULLA_TRY(const auto message,
            message_of({mail.from, mail.to, mail.subject, mail.date, mail.message_id_domain, "auto-generated"},
                       GMIME_OBJECT(body.get()), random));
  return written(GMIME_OBJECT(message.get()));
}

Result<std::string> compose_bounce(const Bounce& bounce, Random& random) {
  gmime_ready();
  BULLA_TRY(const auto report, multipart("report", random));
  g_mime_object_set_content_type_parameter(GMIME_OBJECT(report.get()), "report-type", "delivery-status");
  add(report, text_part("plain", bounce.text));
  add(report, part_of("message", "delivery-status", nullptr, status_fields(bounce)));
  if (!bounce.original_fields.empty()) add(report, text_part("rfc822-headers", bounce.original_fields));
  const envelope::Mailbox to{bounce.to, {}};
  BULLA_TRY(const auto message,
            message_of({bounce.from, to, bounce.subject, bounce.date, bounce.message_id_domain, "auto-replied"},
                       GMIME_OBJECT(report.get()), random));
  return written(GMIME_OBJECT(message.get()));
}

}  // namespace bulla::mail
