// Who an age file is sealed to, and who opens it. One file for each kind: x25519.h here, split.h in envelope/.
#pragma once

#include <optional>
#include <span>

#include "core/age/stanza.h"
#include "core/base/random.h"

namespace bulla::age {

constexpr std::size_t kFileKeySize = 16;

// Recipient seals a file key.
class Recipient {
 public:
  virtual ~Recipient() = default;
  // wrap seals the file key into one stanza.
  virtual Result<Stanza> wrap(ByteView file_key, Random& random) const = 0;
};

// Identity opens what was sealed to its recipient.
class Identity {
 public:
  virtual ~Identity() = default;
  // unwrap looks at all stanzas of a header. No value: none of them is for this identity. An error: one was meant for
  // it (or may have been) and is malformed. A stanza that merely does not decrypt is "not mine".
  virtual Result<std::optional<Secret>> unwrap(std::span<const Stanza> stanzas) const = 0;
};

}  // namespace bulla::age
