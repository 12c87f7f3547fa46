// The X25519 recipient type (C2SP age §X25519): "age1..." and "AGE-SECRET-KEY-1..." in bech32 (BIP 173).
#pragma once

#include "core/age/keys.h"
#include "core/crypto/x25519.h"

namespace bulla::age {

// X25519Recipient is a public key.
class X25519Recipient final : public Recipient {
 public:
  explicit X25519Recipient(const crypto::X25519Public& key) : key_(key) {}
  // parse takes "age1...", in lower case, nothing around it.
  static Result<X25519Recipient> parse(std::string_view text);
  std::string text() const;
  const crypto::X25519Public& key() const { return key_; }
  Result<Stanza> wrap(ByteView file_key, Random& random) const override;

 private:
  crypto::X25519Public key_;
};

// X25519Identity is a private key.
class X25519Identity final : public Identity {
 public:
  static Result<X25519Identity> generate(Random& random);
  // parse takes "AGE-SECRET-KEY-1...", in upper case, nothing around it.
  static Result<X25519Identity> parse(std::string_view text);
  static Result<X25519Identity> from_scalar(ByteView scalar);  // 32 bytes
  Secret text() const;
  const X25519Recipient& recipient() const { return recipient_; }
  Result<std::optional<Secret>> unwrap(std::span<const Stanza> stanzas) const override;
  X25519Identity clone() const;

 private:
  X25519Identity(Secret scalar, const X25519Recipient& recipient) : scalar_(std::move(scalar)), recipient_(recipient) {}
  Secret scalar_;
  X25519Recipient recipient_;
};

}  // namespace bulla::age
