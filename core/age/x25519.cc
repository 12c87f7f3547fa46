#include "core/age/x25519.h"

#include <algorithm>

#include "core/age/bech32.h"
#include "core/base/encoding.h"
#include "core/crypto/aead.h"
#include "core/crypto/hkdf.h"

namespace bulla::age {
namespace {

constexpr std::string_view kType = "X25519";
constexpr std::string_view kRecipientPrefix = "age";
constexpr std::string_view kIdentityPrefix = "AGE-SECRET-KEY-";
constexpr std::size_t kBodySize = kFileKeySize + crypto::kAeadTagSize;

// A wrap key is used once, so that its nonce may be zero.
constexpr crypto::AeadNonce kZeroNonce = {};

Secret wrap_key(const Secret& shared, const crypto::X25519Public& share, const crypto::X25519Public& recipient) {
  Bytes salt = to_bytes(ByteView(share));
  append(salt, ByteView(recipient));
  return crypto::hkdf_sha256(shared.reveal(), salt, "age-encryption.org/v1/X25519", crypto::kAeadKeySize);
}

// The ephemeral share of a stanza that is of our type.
Result<crypto::X25519Public> read_share(const Stanza& stanza) {
  if (stanza.args.size() != 1) return fail(Code::kInvalid, "an X25519 stanza has one argument");
  auto bytes = decode_base64_raw(stanza.args[0]);
  if (!bytes || bytes->size() != 32) return fail(Code::kInvalid, "an X25519 stanza's share is malformed");
  // Checked before decryption: a longer file key could be made to decrypt under several keys.
  if (stanza.body.size() != kBodySize) return fail(Code::kInvalid, "an X25519 stanza's body is 32 bytes");
  crypto::X25519Public share{};
  std::ranges::copy(*bytes, share.begin());
  return share;
}

}  // namespace

Result<X25519Recipient> X25519Recipient::parse(std::string_view text) {
  auto decoded = bech32_decode(text);
  if (!decoded || decoded->prefix != kRecipientPrefix || decoded->data.size() != 32)
    return fail(Code::kInvalid, "this is not an age public key", "It should look like \"age1...\", 62 characters.");
  crypto::X25519Public key{};
  std::ranges::copy(decoded->data.reveal(), key.begin());
  return X25519Recipient(key);
}

std::string X25519Recipient::text() const {
  return to_string(bech32_encode(kRecipientPrefix, key_).reveal());
}

Result<Stanza> X25519Recipient::wrap(ByteView file_key, Random& random) const {
  if (file_key.size() != kFileKeySize) return fail(Code::kInvalid, "a file key is 16 bytes");
  BULLA_TRY(auto ephemeral, random_secret(random, crypto::kX25519ScalarSize));
  auto share = crypto::x25519_public(ephemeral.reveal());
  BULLA_TRY(auto shared, crypto::x25519(ephemeral.reveal(), key_));
  crypto::Aead aead(wrap_key(shared, share, key_).reveal());
  Stanza stanza{std::string(kType), {base64_raw(share)}, Bytes(kBodySize)};
  aead.seal(kZeroNonce, file_key, stanza.body);
  return stanza;
}

Result<X25519Identity> X25519Identity::generate(Random& random) {
  BULLA_TRY(auto scalar, random_secret(random, crypto::kX25519ScalarSize));
  return from_scalar(scalar.reveal());
}

Result<X25519Identity> X25519Identity::parse(std::string_view text) {
  auto decoded = bech32_decode(text);
  if (!decoded || decoded->prefix != kIdentityPrefix || decoded->data.size() != crypto::kX25519ScalarSize)
    return fail(Code::kInvalid, "this is not an age secret key", "It should look like \"AGE-SECRET-KEY-1...\".");
  return from_scalar(decoded->data.reveal());
}

Result<X25519Identity> X25519Identity::from_scalar(ByteView scalar) {
  if (scalar.size() != crypto::kX25519ScalarSize) return fail(Code::kInvalid, "an age secret key is 32 bytes");
  return X25519Identity(Secret::copy_of(scalar), X25519Recipient(crypto::x25519_public(scalar)));
}

Secret X25519Identity::text() const {
  return bech32_encode(kIdentityPrefix, scalar_.reveal());
}

X25519Identity X25519Identity::clone() const {
  return X25519Identity(scalar_.clone(), recipient_);
}

Result<std::optional<Secret>> X25519Identity::unwrap(std::span<const Stanza> stanzas) const {
  for (auto& stanza : stanzas) {
    if (stanza.type != kType) continue;
    BULLA_TRY(auto share, read_share(stanza));
    BULLA_TRY(auto shared, crypto::x25519(scalar_.reveal(), share));
    crypto::Aead aead(wrap_key(shared, share, recipient_.key()).reveal());
    Secret file_key(kFileKeySize);
    if (aead.open(kZeroNonce, stanza.body, file_key.writable())) return std::optional<Secret>(std::move(file_key));
  }
  return std::optional<Secret>();
}

}  // namespace bulla::age
