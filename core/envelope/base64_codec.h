// Internal to envelope/: base64 of whole groups, fast. Natively by tables (12 bits a step to encode, 4 characters a
// step to decode), since every delivery encodes a payload; in the browser by base/, which is small.
#pragma once

#include "core/base/bytes.h"

namespace bulla::envelope {

// encode_groups writes 4 characters for each 3 bytes; `in` holds whole groups.
void encode_groups(ByteView in, char* out);

#ifndef __wasm__
// decode_groups writes 3 bytes for each 4 characters; false when one is not of the alphabet ('=' is not).
bool decode_groups(ByteView in, std::uint8_t* out);
#endif

}  // namespace bulla::envelope
