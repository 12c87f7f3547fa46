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

// sealed_payload_size is the size of the payload (nonce included) of so many bytes of plaintext.
std::uint64_t sealed_payload_size(std::uint64_t plaintext_size);

// A sink takes bytes that are good only during the call, and may fail.
using Sink = std::function<Result<>(ByteView)>;

class StreamSealer {
 public:
  // Starts a payload under the file key; the nonce goes to the sink first.
  static Result<StreamSealer> start(ByteView file_key, Random& random, Sink sink);
  Result<> write(ByteView plaintext);
  // Seals the last chunk. Nothing may be written after it.
  Result<> finish();

 private:
  StreamSealer(crypto::Aead aead, Sink sink);
  Result<> flush(bool last);
  crypto::Aead aead_;
  Sink sink_;
  Secret buffer_;  // one chunk and its tag
  std::size_t used_ = 0;
  std::uint64_t counter_ = 0;
  bool finished_ = false;
};

class StreamOpener {
 public:
  // The plaintext that reaches the sink is authentic chunk by chunk, but complete only once finish() has succeeded.
  static Result<StreamOpener> start(ByteView file_key, Sink sink);
  Result<> write(ByteView sealed);
  // Checks that the last chunk was the last: kAuthentic when the payload was cut.
  Result<> finish();

 private:
  StreamOpener(Secret file_key, Sink sink);
  Result<> flush(bool last);
  Secret file_key_;
  std::optional<crypto::Aead> aead_;  // once the nonce is here
  Sink sink_;
  Bytes sealed_;
  Secret plain_;
  std::uint64_t counter_ = 0;
  bool failed_ = false;
};

}  // namespace bulla::age
