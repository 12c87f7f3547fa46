// find_envelope_html looks for the HTML file of an envelope in a mail, for whoever saved the whole mail.
#pragma once

#include <string>

#include "core/base/bytes.h"
#include "core/base/result.h"

namespace bulla::mail {

// The first part of type text/html that holds an envelope, decoded. kNotFound when there is none. The mail may have LF
// line ends, and the part any transfer encoding.
Result<std::string> find_envelope_html(ByteView mail);

}  // namespace bulla::mail
