// Key agreement, signatures and key derivation against the vectors of their RFCs.
#include <gtest/gtest.h>
#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "core/base/encoding.h"
#include "core/base/test_random.h"
#include "core/crypto/ed25519.h"
#include "core/crypto/equal.h"
#include "core/crypto/hkdf.h"
#include "core/crypto/x25519.h"

namespace bulla::crypto {
namespace {

template <std::size_t N>
ByteArray<N> array_of(std::string_view hexadecimal) {
  ByteArray<N> out{};
  auto bytes = decode_hex(hexadecimal);
  EXPECT_TRUE(bytes && bytes->size() == N) << hexadecimal;
  if (bytes && bytes->size() == N) std::copy(bytes->begin(), bytes->end(), out.begin());
  return out;
}

TEST(X25519, Rfc7748Section6) {
  const auto alice = array_of<32>("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a");
  const auto bob = array_of<32>("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb");
  EXPECT_EQ(hex(x25519_public(alice)), "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
  EXPECT_EQ(hex(x25519_public(bob)), "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
  const auto* shared = "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742";
  EXPECT_EQ(hex(x25519(alice, x25519_public(bob))->reveal()), shared);
  EXPECT_EQ(hex(x25519(bob, x25519_public(alice))->reveal()), shared);
}

TEST(X25519, Rfc7748ThousandIterations) {
  Bytes scalar(32);
  scalar[0] = 9;
  X25519Public point = {9};
  for (int i = 0; i < 1000; ++i) {
    auto next = x25519(scalar, point);
    ASSERT_TRUE(next);
    std::copy(scalar.begin(), scalar.end(), point.begin());
    scalar = to_bytes(next->reveal());
  }
  EXPECT_EQ(hex(scalar), "684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51");
}

TEST(X25519, PointsOfLowOrderAreRefused) {
  for (auto* point : {
           "0000000000000000000000000000000000000000000000000000000000000000",
           "0100000000000000000000000000000000000000000000000000000000000000",
           "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
           "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
           "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
           "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
           "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
       }) {
    auto shared = x25519(Bytes(32, 0x55), array_of<32>(point));
    ASSERT_FALSE(shared) << point;
    EXPECT_EQ(shared.error().code, Code::kInvalid);
  }
}

TEST(Ed25519, Rfc8032Section7) {
  struct Row {
    const char* title;
    const char* seed;
    const char* key;
    const char* message;
    const char* signature;
  };
  const Row rows[] = {
      {"TEST 1", "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
       "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
       "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
       "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"},
      {"TEST 2", "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
       "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
       "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
       "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
      {"TEST 3", "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
       "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
       "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
       "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"},
  };
  for (auto& row : rows) {
    SCOPED_TRACE(row.title);
    auto key = Ed25519Key::from_seed(*decode_hex(row.seed));
    ASSERT_TRUE(key);
    auto message = *decode_hex(row.message);
    EXPECT_EQ(hex(key->public_key()), row.key);
    EXPECT_EQ(hex(key->sign(message)), row.signature);
    EXPECT_EQ(hex(key->seed().reveal()), row.seed);
    EXPECT_TRUE(ed25519_verify(key->public_key(), message, key->sign(message)));
  }
}

TEST(Ed25519, AnythingElseIsRefused) {
  test::FixedRandom random;
  auto key = Ed25519Key::generate(random);
  ASSERT_TRUE(key);
  const auto message = to_bytes("message");
  const auto signature = key->sign(message);
  ASSERT_TRUE(ed25519_verify(key->public_key(), message, signature));
  for (std::size_t bit = 0; bit < signature.size() * 8; ++bit) {
    auto changed = signature;
    changed[bit / 8] = static_cast<std::uint8_t>(changed[bit / 8] ^ 1 << bit % 8);
    EXPECT_FALSE(ed25519_verify(key->public_key(), message, changed)) << bit;
  }
  EXPECT_FALSE(ed25519_verify(key->public_key(), as_bytes("massage"), signature));
  EXPECT_FALSE(ed25519_verify(Ed25519Public{1}, message, signature)) << "a key of low order";
  EXPECT_FALSE(ed25519_verify(Ed25519Public{}, message, Ed25519Signature{}));
  EXPECT_FALSE(Ed25519Key::from_seed(Bytes(31)));
  EXPECT_FALSE(Ed25519Key::from_seed(Bytes(33)));
  test::FailingRandom none(0);
  EXPECT_FALSE(Ed25519Key::generate(none));
}

Bytes counting(std::size_t first, std::size_t last) {
  Bytes out;
  for (auto i = first; i <= last; ++i) out.push_back(static_cast<std::uint8_t>(i));
  return out;
}

TEST(Hkdf, Rfc5869AppendixA) {
  struct Row {
    const char* title;
    Bytes key, salt, info;
    const char* output;
  };
  const Row rows[] = {
      {"A.1", Bytes(22, 0x0b), counting(0, 12), counting(0xf0, 0xf9),
       "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"},
      {"A.2, longer than a digest", counting(0, 0x4f), counting(0x60, 0xaf), counting(0xb0, 0xff),
       "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09da3275600c2f09"
       "b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87"},
      {"A.3, no salt and no info",
       Bytes(22, 0x0b),
       {},
       {},
       "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"},
  };
  for (auto& row : rows) {
    SCOPED_TRACE(row.title);
    auto output = hkdf_sha256(row.key, row.salt, as_text(row.info), std::string_view(row.output).size() / 2);
    EXPECT_EQ(hex(output.reveal()), row.output);
  }
}

// RFC 5869 has no vector for SHA-512: OpenSSL's own HKDF is asked.
Bytes openssl_hkdf_sha512(Bytes key, Bytes salt, Bytes info, std::size_t length) {
  auto* kdf = EVP_KDF_fetch(nullptr, "HKDF", nullptr);
  auto* context = EVP_KDF_CTX_new(kdf);
  char digest[] = "SHA512";
  OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, key.data(), key.size()),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, salt.data(), salt.size()),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info.data(), info.size()),
      OSSL_PARAM_construct_end(),
  };
  Bytes out(length);
  EXPECT_EQ(EVP_KDF_derive(context, out.data(), out.size(), parameters), 1);
  EVP_KDF_CTX_free(context);
  EVP_KDF_free(kdf);
  return out;
}

TEST(Hkdf, Sha512AgreesWithOpenssl) {
  for (std::size_t length : {1, 32, 63, 64, 65, 128, 1000, 255 * 64}) {
    SCOPED_TRACE(length);
    auto key = counting(1, 40), salt = counting(50, 80), info = counting(90, 97);
    auto extracted = hkdf_sha512_extract(salt, key);
    EXPECT_EQ(to_bytes(hkdf_sha512_expand(extracted.reveal(), info, length).reveal()),
              openssl_hkdf_sha512(key, salt, info, length));
  }
}

TEST(Equal, LengthAndBytes) {
  const auto a = to_bytes("abc");
  EXPECT_TRUE(equal(a, as_bytes("abc")));
  EXPECT_TRUE(equal({}, {}));
  EXPECT_FALSE(equal(a, as_bytes("abd")));
  EXPECT_FALSE(equal(a, as_bytes("ab")));
  EXPECT_FALSE(equal(a, {}));
}

}  // namespace
}  // namespace bulla::crypto
