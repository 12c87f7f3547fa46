#include "core/crypto/aead.h"

#include <gtest/gtest.h>
#include <sodium.h>

#include "core/base/encoding.h"
#include "core/base/test_random.h"

namespace bulla::crypto {
namespace {

constexpr AeadNonce kNonce = {7, 0, 0, 0, 0x40, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47};

Bytes key_bytes() {
  Bytes key(kAeadKeySize);
  for (std::size_t i = 0; i < key.size(); ++i) key[i] = static_cast<std::uint8_t>(0x80 + i);
  return key;
}

Bytes sodium_seal(ByteView key, const AeadNonce& nonce, ByteView plaintext, ByteView data = {}) {
  Bytes out(plaintext.size() + kAeadTagSize);
  crypto_aead_chacha20poly1305_ietf_encrypt(out.data(), nullptr, plaintext.data(), plaintext.size(), data.data(),
                                            data.size(), nullptr, nonce.data(), key.data());
  return out;
}

// RFC 8439's example has associated data, which Aead has not: the example proves libsodium (which the WASM modules
// use), and libsodium proves OpenSSL below.
TEST(Aead, Rfc8439ExampleInLibsodium) {
  const auto plaintext = as_bytes(
      "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be "
      "it.");
  const auto data = *decode_hex("50515253c0c1c2c3c4c5c6c7");
  EXPECT_EQ(hex(sodium_seal(key_bytes(), kNonce, plaintext, data)),
            "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d6"
            "3dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36"
            "92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc"
            "3ff4def08e4b7a9de576d26586cec64b61161ae10b594f09e26a7e902ecbd0600691");
}

TEST(Aead, BothLibrariesAgree) {
  Aead aead(key_bytes());
  test::FixedRandom random;
  for (std::size_t size : {0, 1, 15, 16, 17, 63, 64, 65, 255, 256, 257, 511, 512, 513, 4096, 65535, 65536, 65537}) {
    SCOPED_TRACE(size);
    Bytes plaintext(size);
    ASSERT_TRUE(random.fill(plaintext));
    auto nonce = *random_array<kAeadNonceSize>(random);
    Bytes sealed(size + kAeadTagSize), opened(size);
    aead.seal(nonce, plaintext, sealed);
    EXPECT_EQ(sealed, sodium_seal(key_bytes(), nonce, plaintext));
    EXPECT_TRUE(aead.open(nonce, sealed, opened));
    EXPECT_EQ(opened, plaintext);
  }
}

TEST(Aead, WorksInPlace) {
  Aead aead(key_bytes());
  for (std::size_t size : {0, 1, 100, 65536}) {
    SCOPED_TRACE(size);
    const Bytes plaintext(size, 'p');
    Bytes buffer = plaintext;
    buffer.resize(size + kAeadTagSize);
    aead.seal(kNonce, MutableBytes(buffer).first(size), buffer);
    EXPECT_EQ(buffer, sodium_seal(key_bytes(), kNonce, plaintext));
    EXPECT_TRUE(aead.open(kNonce, buffer, MutableBytes(buffer).first(size)));
    buffer.resize(size);
    EXPECT_EQ(buffer, plaintext);
  }
}

TEST(Aead, EachChangedBitIsNoticedAndNothingIsGivenOut) {
  Aead aead(key_bytes());
  const Bytes plaintext(40, 'p');
  Bytes sealed(plaintext.size() + kAeadTagSize);
  aead.seal(kNonce, plaintext, sealed);
  for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
    auto changed = sealed;
    changed[bit / 8] = static_cast<std::uint8_t>(changed[bit / 8] ^ 1 << bit % 8);
    Bytes opened(plaintext.size(), 'x');
    auto result = aead.open(kNonce, changed, opened);
    ASSERT_FALSE(result) << bit;
    EXPECT_EQ(result.error().code, Code::kAuthentic);
    EXPECT_EQ(opened, Bytes(plaintext.size())) << bit;
  }
  Bytes opened(plaintext.size());
  EXPECT_TRUE(aead.open(kNonce, sealed, opened)) << "a failure must not spoil the next message";
}

TEST(Aead, OtherKeyOrNonceIsTheSameError) {
  Bytes sealed(10 + kAeadTagSize), opened(10);
  Aead(key_bytes()).seal(kNonce, Bytes(10, 'p'), sealed);
  auto other_key = Aead(Bytes(kAeadKeySize)).open(kNonce, sealed, opened);
  auto other_nonce = Aead(key_bytes()).open(AeadNonce{}, sealed, opened);
  ASSERT_FALSE(other_key);
  ASSERT_FALSE(other_nonce);
  EXPECT_EQ(other_key.error().text, other_nonce.error().text);
}

}  // namespace
}  // namespace bulla::crypto
