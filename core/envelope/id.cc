#include "core/envelope/id.h"

#include <algorithm>

#include "core/base/encoding.h"

namespace bulla::envelope {
namespace {

constexpr std::size_t kTimeSize = 6;

}  // namespace

Result<EnvelopeId> EnvelopeId::make(const Clock& clock, Random& random) {
  ByteArray<kSize> bytes{};
  const auto now = static_cast<std::uint64_t>(std::max<Millis>(clock.now(), 0));
  for (std::size_t i = 0; i < kTimeSize; ++i) bytes[i] = static_cast<std::uint8_t>(now >> (8 * (kTimeSize - 1 - i)));
  BULLA_CHECK_OK(random.fill(MutableBytes(bytes).subspan(kTimeSize)));
  return EnvelopeId(bytes);
}

std::optional<EnvelopeId> EnvelopeId::parse(std::string_view text) {
  if (text.size() != kTextSize) return std::nullopt;
  auto bytes = decode_base64url(text);
  if (!bytes) return std::nullopt;
  return from_bytes(*bytes);
}

std::optional<EnvelopeId> EnvelopeId::from_bytes(ByteView bytes) {
  if (bytes.size() != kSize) return std::nullopt;
  ByteArray<kSize> own{};
  std::ranges::copy(bytes, own.begin());
  return EnvelopeId(own);
}

std::string EnvelopeId::text() const {
  return base64url(bytes_);
}

Millis EnvelopeId::time() const {
  Millis time = 0;
  for (std::size_t i = 0; i < kTimeSize; ++i) time = time << 8 | bytes_[i];
  return time;
}

}  // namespace bulla::envelope
