#include "core/age/stream.h"

#include <gtest/gtest.h>

#include "core/age/keys.h"
#include "core/age/test_support.h"
#include "core/base/test_random.h"

namespace bulla::age {
namespace {

using test::in_pieces;
using test::into;
using test::pattern;

constexpr ByteArray<kFileKeySize> kFileKey = {1, 2, 3};
constexpr std::size_t kSizes[] = {
    0, 1, 1000, kChunkSize - 1, kChunkSize, kChunkSize + 1, 2 * kChunkSize, 3 * kChunkSize + 5};

Bytes seal(ByteView plaintext, std::size_t step) {
  Bytes out;
  bulla::test::FixedRandom random;
  auto sealer = StreamSealer::start(kFileKey, random, into(out));
  EXPECT_TRUE(sealer);
  EXPECT_TRUE(in_pieces(plaintext, step, [&](ByteView piece) { return sealer->write(piece); }));
  EXPECT_TRUE(sealer->finish());
  return out;
}

Result<> open(ByteView payload, std::size_t step, Sink sink) {
  BULLA_TRY(auto opener, StreamOpener::start(kFileKey, std::move(sink)));
  BULLA_CHECK_OK(in_pieces(payload, step, [&](ByteView piece) { return opener.write(piece); }));
  return opener.finish();
}

TEST(Stream, PiecesDoNotMatter) {
  for (auto size : kSizes) {
    SCOPED_TRACE(size);
    const auto plaintext = pattern(size);
    const auto whole = seal(plaintext, 1 << 30);
    EXPECT_EQ(whole.size(), sealed_payload_size(size));
    EXPECT_EQ(plaintext_size(whole.size()), size);
    for (std::size_t step : {1ul, 4093ul, kChunkSize - 1, kChunkSize, kChunkSize + 1, kSealedChunkSize, 150'000ul}) {
      SCOPED_TRACE(step);
      EXPECT_EQ(seal(plaintext, step), whole);
      Bytes opened;
      EXPECT_TRUE(open(whole, step, into(opened)));
      EXPECT_EQ(opened, plaintext);
    }
  }
}

TEST(Stream, ChunksSealedApartAreThoseOfTheStream) {
  for (auto size : kSizes) {
    SCOPED_TRACE(size);
    const auto plaintext = pattern(size);
    const auto stream = seal(plaintext, 1 << 30);
    const auto nonce = ByteView(stream).first(kPayloadNonceSize);
    const auto key = payload_key(kFileKey, nonce);
    for (std::size_t chunks = 0; chunks * kChunkSize < std::max<std::size_t>(size, 1); ++chunks) {  // the first part
      Bytes out(sealed_chunks_size(size));
      const auto at = chunks * kChunkSize, sealed_at = chunks * kSealedChunkSize;
      crypto::Aead first(key.reveal()), second(key.reveal());
      if (chunks > 0) seal_chunks(first, 0, ByteView(plaintext).first(at), false, MutableBytes(out).first(sealed_at));
      seal_chunks(second, chunks, ByteView(plaintext).subspan(at), true, MutableBytes(out).subspan(sealed_at));
      EXPECT_TRUE(equal_public(out, ByteView(stream).subspan(kPayloadNonceSize))) << chunks;
      Bytes opened(size);
      if (chunks > 0)
        EXPECT_TRUE(open_chunks(first, 0, ByteView(out).first(sealed_at), false, MutableBytes(opened).first(at)));
      EXPECT_TRUE(
          open_chunks(second, chunks, ByteView(out).subspan(sealed_at), true, MutableBytes(opened).subspan(at)));
      EXPECT_EQ(opened, plaintext);
    }
  }
}

TEST(Stream, DamageIsNoticedAndOnlyWholeChunksBeforeItAreReleased) {
  const auto plaintext = pattern(2 * kChunkSize + 100);
  const auto good = seal(plaintext, 1 << 30);
  const auto chunk = [&](std::size_t i) {
    return to_bytes(
        ByteView(good).subspan(kPayloadNonceSize + i * kSealedChunkSize,
                               std::min(kSealedChunkSize, good.size() - kPayloadNonceSize - i * kSealedChunkSize)));
  };
  auto join = [&](std::initializer_list<Bytes> parts) {
    Bytes out = to_bytes(ByteView(good).first(kPayloadNonceSize));
    for (auto& part : parts) append(out, part);
    return out;
  };
  auto flip = [&](std::size_t at) {
    auto out = good;
    out[at] ^= 1;
    return out;
  };
  const auto c0 = chunk(0), c1 = chunk(1), c2 = chunk(2);
  ASSERT_EQ(join({c0, c1, c2}), good);
  struct Row {
    const char* title;
    Bytes payload;
    std::size_t released;  // bytes
  };
  const Row rows[] = {
      {"nonce changed", flip(0), 0},
      {"first chunk changed", flip(kPayloadNonceSize + 5), 0},
      {"second chunk changed", flip(kPayloadNonceSize + kSealedChunkSize + 5), kChunkSize},
      {"last tag changed", flip(good.size() - 1), 2 * kChunkSize},
      {"last chunk missing", join({c0, c1}), 2 * kChunkSize},
      {"middle chunk missing", join({c0, c2}), kChunkSize},
      {"chunks swapped", join({c1, c0, c2}), 0},
      {"chunk twice", join({c0, c0, c1, c2}), kChunkSize},
      {"last chunk twice", join({c0, c1, c2, c2}), 2 * kChunkSize},
      {"a byte more", join({c0, c1, c2, {0}}), 2 * kChunkSize},
      {"a byte less", to_bytes(ByteView(good).first(good.size() - 1)), 2 * kChunkSize},
      {"only part of a tag left", join({c0, c1, Bytes(15)}), 2 * kChunkSize},
      {"no chunk", join({}), 0},
  };
  for (auto& row : rows) {
    SCOPED_TRACE(row.title);
    for (std::size_t step : {1ul, 4093ul, 1ul << 30}) {
      Bytes released;
      auto result = open(row.payload, step, into(released));
      ASSERT_FALSE(result);
      EXPECT_EQ(result.error().code, Code::kAuthentic);
      EXPECT_EQ(result.error().text, crypto::kDoesNotDecrypt);
      EXPECT_TRUE(equal_public(released, ByteView(plaintext).first(row.released))) << released.size();
    }
  }
}

TEST(Stream, ChunksThatFailLeaveNothingOfThoseBefore) {
  const auto payload = seal(pattern(2 * kChunkSize), 1 << 30);
  auto sealed = to_bytes(ByteView(payload).subspan(kPayloadNonceSize));
  sealed.back() ^= 1;
  crypto::Aead key(payload_key(kFileKey, ByteView(payload).first(kPayloadNonceSize)).reveal());
  Bytes out(2 * kChunkSize, 'x');
  EXPECT_FALSE(open_chunks(key, 0, sealed, true, out));
  EXPECT_EQ(out, Bytes(2 * kChunkSize));
}

TEST(Stream, EndsBeforeItsNonce) {
  for (std::size_t size : {0, 1, 15}) {
    auto result = open(Bytes(size), 1, [](ByteView) -> Result<> { return {}; });
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, Code::kInvalid);
  }
}

TEST(Stream, AnErrorStays) {
  auto payload = seal(pattern(2 * kChunkSize), 1 << 30);
  payload[kPayloadNonceSize] ^= 1;
  auto opener = StreamOpener::start(kFileKey, [](ByteView) -> Result<> { return {}; });
  ASSERT_TRUE(opener);
  EXPECT_FALSE(opener->write(payload));
  EXPECT_FALSE(opener->write({}));
  EXPECT_FALSE(opener->finish());
}

TEST(Stream, AFailingSinkEndsIt) {
  const auto plaintext = pattern(3 * kChunkSize);
  const auto payload = seal(plaintext, 1 << 30);
  for (int good = 0; good <= 4; ++good) {
    SCOPED_TRACE(good);
    auto failing = [left = good](ByteView) mutable -> Result<> {
      if (left-- <= 0) return fail(Code::kUnavailable, "disk full");
      return {};
    };
    auto opened = open(payload, 1000, failing);
    EXPECT_EQ(opened.has_value(), good >= 3);
    if (!opened) EXPECT_EQ(opened.error().text, "disk full");

    bulla::test::FixedRandom random;
    auto sealed = [&]() -> Result<> {
      BULLA_TRY(auto sealer, StreamSealer::start(kFileKey, random, failing));
      BULLA_CHECK_OK(in_pieces(plaintext, 1000, [&](ByteView piece) { return sealer.write(piece); }));
      return sealer.finish();
    }();
    EXPECT_EQ(sealed.has_value(), good >= 4);  // the nonce, and three chunks
    if (!sealed) EXPECT_EQ(sealed.error().text, "disk full");
  }
}

TEST(Stream, WrongFileKeySize) {
  EXPECT_FALSE(StreamOpener::start(Bytes(15), [](ByteView) -> Result<> { return {}; }));
  bulla::test::FailingRandom none(0);
  EXPECT_FALSE(StreamSealer::start(kFileKey, none, [](ByteView) -> Result<> { return {}; }));
}

TEST(Stream, SizesThatNoPayloadHas) {
  for (std::uint64_t size : {std::uint64_t{0}, std::uint64_t{31}, std::uint64_t{16 + kSealedChunkSize + 1},
                             std::uint64_t{16 + kSealedChunkSize + 15}, std::uint64_t{16 + kSealedChunkSize + 16}})
    EXPECT_FALSE(plaintext_size(size)) << size;
  for (std::uint64_t size : {0ull, 1ull, 65536ull, 65537ull, 1ull << 40})
    EXPECT_EQ(plaintext_size(sealed_payload_size(size)), size);
}

}  // namespace
}  // namespace bulla::age
