// EnvelopeId names a sealed message (envelope-format §2): 6 bytes of time, 16 of randomness.
#pragma once

#include <compare>
#include <optional>

#include "core/base/bytes.h"
#include "core/base/clock.h"
#include "core/base/random.h"

namespace bulla::envelope {

// Whoever knows an id may ask the key server about the message: it is not logged.
class EnvelopeId {
 public:
  static constexpr std::size_t kSize = 22;
  static constexpr std::size_t kTextSize = 30;

  // make takes the time from the clock, cut to 48 bits. Fails only with the randomness.
  static Result<EnvelopeId> make(const Clock& clock, Random& random);
  // parse reads 30 characters of base64url.
  static std::optional<EnvelopeId> parse(std::string_view text);
  // from_bytes takes kSize bytes.
  static std::optional<EnvelopeId> from_bytes(ByteView bytes);

  std::string text() const;
  const ByteArray<kSize>& bytes() const { return bytes_; }
  // The time of sealing that the id states.
  Millis time() const;

  auto operator<=>(const EnvelopeId&) const = default;

 private:
  explicit EnvelopeId(const ByteArray<kSize>& bytes) : bytes_(bytes) {}
  ByteArray<kSize> bytes_;
};

}  // namespace bulla::envelope
