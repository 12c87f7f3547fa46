// Which reports are notifications about a message (RFC 6522), by their Content-Type.
#pragma once

#include <string_view>

namespace bulla::mail {

// is_notification tells whether a Content-Type's value, unfolded, is that of a report on the delivery of a message
// (RFC 3464) or on what became of it (RFC 8098): multipart/report with that report-type. False for anything longer than
// 4 KiB, and for what cannot be read.
bool is_notification(std::string_view content_type);

}  // namespace bulla::mail
