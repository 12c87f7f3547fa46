#include "cli/part_bytes.h"

#include <gmime/gmime.h>

#include <optional>

namespace bulla::cli {
namespace {

std::optional<GMimeContentEncoding> gmime_encoding(envelope::Encoding encoding) {
  switch (encoding) {
    case envelope::Encoding::kBase64:
      return GMIME_CONTENT_ENCODING_BASE64;
    case envelope::Encoding::kQuotedPrintable:
      return GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE;
    case envelope::Encoding::kIdentity:
    case envelope::Encoding::kOther:
      break;
  }
  return std::nullopt;
}

}  // namespace

Bytes part_bytes(envelope::Encoding encoding, ByteView stored) {
  const auto known = gmime_encoding(encoding);
  if (!known) return to_bytes(stored);
  GMimeEncoding state;
  g_mime_encoding_init_decode(&state, *known);
  Bytes out(g_mime_encoding_outlen(&state, stored.size()) + 1);
  const auto size =
      g_mime_encoding_flush(&state, as_text(stored).data(), stored.size(), reinterpret_cast<char*>(out.data()));
  out.resize(size);
  return out;
}

}  // namespace bulla::cli
