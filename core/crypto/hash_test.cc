#include "core/crypto/hash.h"

#include <gtest/gtest.h>
#include <sodium.h>

#include "core/base/encoding.h"

namespace bulla::crypto {
namespace {

TEST(Hash, Fips180Examples) {
  struct Row {
    const char* title;
    std::string message;
    const char* sha256;
    const char* sha512;
  };
  const Row rows[] = {
      {"nothing", "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
       "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
       "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e"},
      {"one block", "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
       "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
       "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"},
      {"two blocks of SHA-256", "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
       "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
       "204a8fc6dda82f0a0ced7beb8e08a41657c16ef468b228a8279be331a703c335"
       "96fd15c13b1b07f9aa1d3bea57789ca031ad85c7a71dd70354ec631238ca3445"},
      {"a million times a", std::string(1'000'000, 'a'),
       "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
       "e718483d0ce769644e2e42c7bc15b4638e1f98b13b2044285632a803afa973eb"
       "de0ff244877ea60a4cb0432ce577c31beb009c5c2c49aa2e4eadb217ad8cc09b"},
  };
  for (auto& row : rows) {
    SCOPED_TRACE(row.title);
    EXPECT_EQ(hex(sha256(as_bytes(row.message))), row.sha256);
    EXPECT_EQ(hex(sha512(as_bytes(row.message))), row.sha512);
  }
}

TEST(Hash, HmacRfc4231) {
  struct Row {
    const char* title;
    Bytes key;
    const char* message;
    const char* sha256;
    const char* sha512;
  };
  const Row rows[] = {
      {"case 1", Bytes(20, 0x0b), "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
       "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde"
       "daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854"},
      {"case 2, a short key", to_bytes("Jefe"), "what do ya want for nothing?",
       "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
       "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
       "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"},
      {"case 6, a key longer than a block", Bytes(131, 0xaa), "Test Using Larger Than Block-Size Key - Hash Key First",
       "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
       "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352"
       "6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598"},
  };
  for (auto& row : rows) {
    SCOPED_TRACE(row.title);
    EXPECT_EQ(hex(hmac_sha256(row.key, as_bytes(row.message))), row.sha256);
    EXPECT_EQ(hex(hmac_sha512(row.key, as_bytes(row.message))), row.sha512);
  }
}

TEST(Hash, PiecesGiveTheSameAsTheWhole) {
  const Bytes message(1000, 'x');
  Sha256 hash;
  for (std::size_t step : {1, 63, 64, 65, 1000}) {
    SCOPED_TRACE(step);
    for (std::size_t at = 0; at < message.size(); at += step)
      hash.update(ByteView(message).subspan(at, std::min(step, message.size() - at)));
    EXPECT_EQ(hash.finish(), sha256(message));  // and starts anew for the next row
  }
  Sha256 moved = std::move(hash);
  moved.update(as_bytes("abc"));
  EXPECT_EQ(moved.finish(), sha256(as_bytes("abc")));
}

// The WASM modules hash with libsodium.
TEST(Hash, BothLibrariesAgree) {
  for (std::size_t size = 0; size < 300; ++size) {
    Bytes message(size, static_cast<std::uint8_t>(size));
    Sha256Digest expected{};
    crypto_hash_sha256(expected.data(), message.data(), message.size());
    EXPECT_EQ(sha256(message), expected) << size;
  }
}

}  // namespace
}  // namespace bulla::crypto
