// Payloads are sealed, damaged as the input says, and opened whole and in pieces: both ways agree, an undamaged payload
// comes back, a damaged one never opens, and what was released of it is a prefix of what was sealed.
#include <algorithm>

#include "core/age/keys.h"
#include "core/age/stream.h"
#include "fuzz/fuzzer.h"

using namespace bulla;

namespace {

constexpr ByteArray<age::kFileKeySize> kFileKey = {1, 2, 3};

// The next piece of some bytes: as long as the input says, and all of them when it says nothing any more.
ByteView next_piece(ByteView bytes, fuzz::Input& input) {
  return bytes.first(input.rest().empty() ? bytes.size() : 1 + input.below(bytes.size()));
}

Bytes seal(ByteView plaintext, fuzz::Input& input) {
  Bytes out;
  test::FixedRandom random;
  auto sealer = age::StreamSealer::start(kFileKey, random, [&](ByteView bytes) -> Result<> {
    append(out, bytes);
    return {};
  });
  BULLA_ASSERT(sealer);
  while (!plaintext.empty()) {
    auto piece = next_piece(plaintext, input);
    BULLA_ASSERT(sealer->write(piece));
    plaintext = plaintext.subspan(piece.size());
  }
  BULLA_ASSERT(sealer->finish());
  return out;
}

void damage(Bytes& payload, fuzz::Input& input) {
  switch (input.byte() % 6) {
    case 0:
      return;
    case 1:
      payload.resize(input.below(payload.size()));
      return;
    case 2:
      payload[input.below(payload.size())] ^= static_cast<std::uint8_t>(1 + input.below(255));
      return;
    case 3:
      append(payload, ByteView(payload).subspan(input.below(payload.size())));
      return;
    case 4:
      append(payload, input.rest());
      return;
    case 5: {  // a chunk goes
      auto sealed = std::min(payload.size() - age::kPayloadNonceSize, age::kSealedChunkSize);
      auto begin = payload.begin() + age::kPayloadNonceSize;
      payload.erase(begin, begin + static_cast<std::ptrdiff_t>(sealed));
      return;
    }
  }
}

// Whole, as file.cc does it.
std::optional<Bytes> open_whole(ByteView payload) {
  auto size = age::plaintext_size(payload.size());
  if (!size) return std::nullopt;
  Bytes out(*size);
  crypto::Aead key(age::payload_key(kFileKey, payload.first(age::kPayloadNonceSize)).reveal());
  if (!age::open_chunks(key, 0, payload.subspan(age::kPayloadNonceSize), true, out)) return std::nullopt;
  return out;
}

// In pieces; returns what was released, and whether all went well.
std::pair<Bytes, bool> open_streamed(ByteView payload, fuzz::Input& input) {
  Bytes out;
  auto opener = age::StreamOpener::start(kFileKey, [&](ByteView bytes) -> Result<> {
    append(out, bytes);
    return {};
  });
  BULLA_ASSERT(opener);
  bool good = true;
  while (!payload.empty()) {
    auto piece = next_piece(payload, input);
    good = opener->write(piece).has_value();
    payload = payload.subspan(piece.size());
  }
  bool finished = opener->finish().has_value();
  BULLA_ASSERT(good || !finished);  // an error stays
  return {out, finished};
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  // Sizes on both sides of the chunks' edges.
  Bytes plaintext((input.byte() % 4) * age::kChunkSize + input.byte());
  for (std::size_t i = 0; i < plaintext.size(); ++i) plaintext[i] = static_cast<std::uint8_t>(i * 7 + i / 251);
  if (auto less = input.byte(); less <= plaintext.size()) plaintext.resize(plaintext.size() - less);

  const auto sealed = seal(plaintext, input);
  BULLA_ASSERT(sealed.size() == age::sealed_payload_size(plaintext.size()));
  auto damaged = sealed;
  damage(damaged, input);
  auto whole = open_whole(damaged);
  auto [released, finished] = open_streamed(damaged, input);
  BULLA_ASSERT(whole.has_value() == finished);
  BULLA_ASSERT(finished == (damaged == sealed));
  if (finished) fuzz::accepted();
  if (finished) BULLA_ASSERT(whole == plaintext && released == plaintext);
  BULLA_ASSERT(released.size() <= plaintext.size() && std::equal(released.begin(), released.end(), plaintext.begin()));
  return 0;
}
