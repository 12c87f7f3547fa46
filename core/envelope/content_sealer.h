// ContentSealer writes the content of a sealed file as a payload, as a stream: hash, padding, encryption, signature.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "core/age/stream.h"
#include "core/crypto/ed25519.h"
#include "core/envelope/check.h"

namespace bulla::envelope {

class ContentSealer {
 public:
  // The file key is 16 bytes. With more than one worker each leaf (1 MiB) is hashed and sealed on a thread of its own;
  // the sink is still called on the caller's thread, in order. Memory: about 2 MiB for each worker.
  static Result<ContentSealer> start(ByteView file_key, Random& random, age::Sink sink, unsigned workers = 1);
  ContentSealer(ContentSealer&&) noexcept;
  ContentSealer& operator=(ContentSealer&&) noexcept;
  ~ContentSealer();

  // write takes the next bytes of the stored message. Large pieces are sealed from where they are, without a copy.
  Result<> write(ByteView stored);

  // What is known when the message has ended, and the manifest must state.
  struct Total {
    std::uint64_t size = 0;
    crypto::Sha256Digest root{};
  };
  using MakeManifest = std::function<Result<std::string>(const Total&)>;
  // finish ends the message, asks for the manifest, and writes padding, manifest and signature.
  Result<> finish(const MakeManifest& make_manifest, const crypto::Ed25519Key& key);
  // Bytes that the sink has taken.
  std::uint64_t payload_size() const;

 private:
  struct State;
  explicit ContentSealer(std::unique_ptr<State> state);
  Result<> put(ByteView stored);
  std::unique_ptr<State> state_;
};

}  // namespace bulla::envelope
