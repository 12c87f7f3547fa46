// part_bytes decodes a part of a stored message.
#pragma once

#include "core/base/bytes.h"
#include "core/envelope/index.h"

namespace bulla::cli {

// part_bytes undoes base64 and quoted-printable (RFC 2045 §6), leniently as mail programs do; the rest stays as it is.
Bytes part_bytes(envelope::Encoding encoding, ByteView stored);

}  // namespace bulla::cli
