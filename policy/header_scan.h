// A scan of a message's header fields for decisions, not for display: it finds whatever any mail program could take for
// a field, and so errs on the side of finding more.
#pragma once

#include <functional>

#include "core/base/bytes.h"

namespace bulla::policy {

// scan_header calls `field` for each header field of a message, in order, with its name (in lower case, blanks before
// the colon dropped) and its value (line ends removed, folds kept as blanks). The header ends at the first empty line
// or at the end of the message. A line that is no field and continues none is skipped, and the scan goes on behind it.
// The value is wiped when `field` has returned.
void scan_header(ByteView message, const std::function<void(std::string_view name, const std::string& value)>& field);

}  // namespace bulla::policy
