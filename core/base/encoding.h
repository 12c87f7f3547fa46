// Base64 (RFC 4648) and hexadecimal. Decoding is strict: one text for each byte string, no other is taken.
#pragma once

#include <optional>

#include "core/base/bytes.h"

namespace bulla {

// Standard alphabet, padded with '='.
std::string base64(ByteView bytes);
// Standard alphabet without padding, as age writes it.
std::string base64_raw(ByteView bytes);
// URL alphabet without padding: every identifier outside of the program.
std::string base64url(ByteView bytes);

// The decoders refuse other alphabets, white space, wrong padding, and set bits after the last byte.
std::optional<Bytes> decode_base64(std::string_view text);
std::optional<Bytes> decode_base64_raw(std::string_view text);
std::optional<Bytes> decode_base64url(std::string_view text);

// base64_encode_into writes base64_raw_size(bytes) characters (padded when `padded`) and returns their number.
// For the hot paths, which bring their own memory. `out` holds at least (n + 2) / 3 * 4 characters.
std::size_t base64_encode_into(ByteView bytes, char* out, bool padded);

std::string hex(ByteView bytes);
// decode_hex takes lower and upper case, and an even number of digits.
std::optional<Bytes> decode_hex(std::string_view text);

}  // namespace bulla
