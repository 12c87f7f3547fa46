#include "mail/report_type.h"

#include "mail/gmime.h"

namespace bulla::mail {

bool is_notification(std::string_view content_type) {
  constexpr std::size_t kLongest = 4096;
  if (content_type.size() > kLongest || content_type.contains('\0')) return false;
  gmime_ready();
  const std::string text(content_type);
  const Ref<GMimeContentType> type(g_mime_content_type_parse(nullptr, text.c_str()));
  if (!type || !g_mime_content_type_is_type(type.get(), "multipart", "report")) return false;
  const char* report = g_mime_content_type_get_parameter(type.get(), "report-type");
  if (report == nullptr) return false;
  return g_ascii_strcasecmp(report, "delivery-status") == 0 ||
         g_ascii_strcasecmp(report, "disposition-notification") == 0;
}

}  // namespace bulla::mail
