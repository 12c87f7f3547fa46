// The payload of an age v1 file (C2SP age §Payload): a 16-byte nonce, then STREAM in chunks of 64 KiB.
// Both directions run in constant memory: bytes go in as they come, and out through a sink.
#pragma once

#include <functional>
#include <optional>

#include "core/base/random.h"
#include "core/crypto/aead.h"

namespace bulla::age {

constexpr std::size_t kChunkSize = 64 * 1024;
constexpr std::size_t kSealedChunkSize = kChunkSize + crypto::kAeadTagSize;
constexpr std::size_t kPayloadNonceSize = 16;

// payload_key derives the payload's key from the file key and the payload's nonce (kPayloadNonceSize bytes).
Secret payload_key(ByteView file_key, ByteView nonce);

// seal_chunks seals consecutive chunks of a payload, the first of which has the number `first`. Chunks do not depend on
// each other: a caller may split a large payload at multiples of kChunkSize over threads, one Aead for each. Only the
// call that seals the payload's end says `last`; the others take a multiple of kChunkSize that is not zero.
// out.size() == sealed_chunks_size(plaintext.size()); `out` and `plaintext` do not overlap.
void seal_chunks(crypto::Aead& key, std::uint64_t first, ByteView plaintext, bool last, MutableBytes out);
// open_chunks is its reverse. On failure (kAuthentic) all of `out` is wiped.
// sealed.size() == sealed_chunks_size(out.size()).
Result<> open_chunks(crypto::Aead& key, std::uint64_t first, ByteView sealed, bool last, MutableBytes out);

// sealed_chunks_size is the size of so many bytes of plaintext in chunks: an empty payload has one, empty chunk.
std::uint64_t sealed_chunks_size(std::uint64_t plaintext_size);
// plaintext_size is the size of the plaintext in a payload (nonce included) of this size; nothing if none has that
// size.
std::optional<std::uint64_t> plaintext_size(std::uint64_t payload_size);
// sealed_payload_size is the size of the payload (nonce included) of so many bytes of plaintext.
std::uint64_t sealed_payload_size(std::uint64_t plaintext_size);

// A sink takes bytes that are good only during the call, and may fail.
using Sink = std::function<Result<>(ByteView)>;

// StreamSealer seals a payload. After an error it is of no use any more.
class StreamSealer {
 public:
  // start makes a payload under the file key (kFileKeySize bytes); the nonce goes to the sink first.
  static Result<StreamSealer> start(ByteView file_key, Random& random, Sink sink);
  Result<> write(ByteView plaintext);
  // finish seals the last chunk. Nothing may be written after it.
  Result<> finish();

 private:
  StreamSealer(crypto::Aead aead, Sink sink);
  Result<> flush(ByteView plaintext, bool last);
  crypto::Aead aead_;
  Sink sink_;
  Secret buffer_;  // one chunk and its tag: plaintext that waits, then what it was sealed to
  std::size_t used_ = 0;
  std::uint64_t counter_ = 0;
  bool finished_ = false;
};

// StreamOpener opens a payload. Once it has failed it fails with the same error at each call.
class StreamOpener {
 public:
  // start: the plaintext that reaches the sink is authentic chunk by chunk, but complete only once finish() succeeded.
  static Result<StreamOpener> start(ByteView file_key, Sink sink);
  Result<> write(ByteView sealed);
  // finish checks that the last chunk was the last: kAuthentic when the payload was cut, kInvalid without a nonce.
  Result<> finish();

 private:
  StreamOpener(Secret file_key, Sink sink);
  Result<> take(ByteView sealed);
  ByteView take_nonce(ByteView sealed);
  Result<> flush(ByteView sealed, bool at_end);
  Result<> remember(Result<> result);
  Secret file_key_;
  std::optional<crypto::Aead> aead_;  // once the nonce is here
  Sink sink_;
  Bytes sealed_;  // the nonce, then a chunk, as far as they have come
  Secret plain_;
  std::uint64_t counter_ = 0;
  std::optional<Error> failed_;
};

}  // namespace bulla::age
