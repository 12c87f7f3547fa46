#include "mail/find_envelope.h"

#include <optional>

#include "core/envelope/html.h"
#include "mail/gmime.h"

namespace bulla::mail {
namespace {

constexpr int kMaxMails = 4;  // a forwarded mail in a forwarded mail …

std::string decoded(GMimePart* part) {
  auto* content = g_mime_part_get_content(part);
  if (content == nullptr) return {};
  const Ref<GMimeStream> out(g_mime_stream_mem_new());
  if (g_mime_data_wrapper_write_to_stream(content, out.get()) < 0) return {};
  const auto* bytes = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(out.get()));
  return std::string(reinterpret_cast<const char*>(bytes->data), bytes->len);
}

std::optional<std::string> find_in_mail(ByteView mail, int depth);

std::optional<std::string> find_in(GMimeObject* object, int nesting, int depth) {
  if (object == nullptr || nesting > envelope::kMaxNesting) return std::nullopt;
  if (GMIME_IS_MULTIPART(object)) {
    auto* multipart = GMIME_MULTIPART(object);
    for (int i = 0; i < g_mime_multipart_get_count(multipart); ++i)
      if (auto found = find_in(g_mime_multipart_get_part(multipart, i), nesting + 1, depth)) return found;
    return std::nullopt;
  }
  if (!GMIME_IS_PART(object)) return std::nullopt;
  auto* type = g_mime_object_get_content_type(object);
  const bool mail = g_mime_content_type_is_type(type, "message", "rfc822");
  if (!mail && !g_mime_content_type_is_type(type, "text", "html") &&
      !g_mime_content_type_is_type(type, "application", "octet-stream"))
    return std::nullopt;
  auto content = decoded(GMIME_PART(object));
  if (mail) return depth < kMaxMails ? find_in_mail(as_bytes(content), depth + 1) : std::nullopt;
  return envelope::find_envelope(content) ? std::optional(std::move(content)) : std::nullopt;
}

std::optional<std::string> find_in_mail(ByteView mail, int depth) {
  const ViewStream stream(mail);
  const auto parsed = parse_message(stream, mail);
  return parsed == nullptr ? std::nullopt : find_in(g_mime_message_get_mime_part(parsed.get()), 0, depth);
}

}  // namespace

Result<std::string> find_envelope_html(ByteView mail) {
  gmime_ready();
  if (auto found = find_in_mail(mail, 0)) return std::move(*found);
  return fail(Code::kNotFound, "there is no envelope in this mail", "It must hold the attachment secure-message.html.");
}

}  // namespace bulla::mail
