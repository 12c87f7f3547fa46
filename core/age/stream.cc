#include "core/age/stream.h"

#include <algorithm>

#include "core/age/keys.h"
#include "core/base/check.h"
#include "core/crypto/hkdf.h"

namespace bulla::age {
namespace {

constexpr std::size_t kTagSize = crypto::kAeadTagSize;

// Eleven bytes of counter, big-endian, and one that marks the last chunk.
crypto::AeadNonce chunk_nonce(std::uint64_t counter, bool last) {
  crypto::AeadNonce nonce{};
  for (std::size_t i = 0; i < 8; ++i) nonce[10 - i] = static_cast<std::uint8_t>(counter >> (8 * i));
  nonce[11] = last ? 1 : 0;
  return nonce;
}

std::unexpected<Error> does_not_decrypt() {
  return fail(Code::kAuthentic, crypto::kDoesNotDecrypt);
}

}  // namespace

Secret payload_key(ByteView file_key, ByteView nonce) {
  BULLA_ASSERT(file_key.size() == kFileKeySize && nonce.size() == kPayloadNonceSize);
  return crypto::hkdf_sha256(file_key, nonce, "payload", crypto::kAeadKeySize);
}

std::uint64_t sealed_chunks_size(std::uint64_t plaintext_size) {
  auto chunks = std::max<std::uint64_t>(1, (plaintext_size + kChunkSize - 1) / kChunkSize);
  return plaintext_size + chunks * kTagSize;
}

std::uint64_t sealed_payload_size(std::uint64_t plaintext_size) {
  return kPayloadNonceSize + sealed_chunks_size(plaintext_size);
}

std::optional<std::uint64_t> plaintext_size(std::uint64_t payload_size) {
  if (payload_size < kPayloadNonceSize + kTagSize) return std::nullopt;
  auto sealed = payload_size - kPayloadNonceSize;
  auto chunks = (sealed + kSealedChunkSize - 1) / kSealedChunkSize;
  auto size = sealed - std::min(sealed, chunks * kTagSize);
  if (sealed_chunks_size(size) != sealed) return std::nullopt;  // the last chunk would be empty, or less than its tag
  return size;
}

void seal_chunks(crypto::Aead& key, std::uint64_t first, ByteView plaintext, bool last, MutableBytes out) {
  BULLA_ASSERT(out.size() == sealed_chunks_size(plaintext.size()));
  BULLA_ASSERT(last || (!plaintext.empty() && plaintext.size() % kChunkSize == 0));
  do {
    auto chunk = plaintext.first(std::min(plaintext.size(), kChunkSize));
    plaintext = plaintext.subspan(chunk.size());
    key.seal(chunk_nonce(first++, last && plaintext.empty()), chunk, out.first(chunk.size() + kTagSize));
    out = out.subspan(chunk.size() + kTagSize);
  } while (!plaintext.empty());
}

Result<> open_chunks(crypto::Aead& key, std::uint64_t first, ByteView sealed, bool last, MutableBytes out) {
  BULLA_ASSERT(sealed.size() == sealed_chunks_size(out.size()));
  BULLA_ASSERT(last || (!out.empty() && out.size() % kChunkSize == 0));
  auto rest = out;
  do {
    auto chunk = rest.first(std::min(rest.size(), kChunkSize));
    rest = rest.subspan(chunk.size());
    auto opened = key.open(chunk_nonce(first++, last && rest.empty()), sealed.first(chunk.size() + kTagSize), chunk);
    if (!opened) {
      wipe(out);
      return opened;
    }
    sealed = sealed.subspan(chunk.size() + kTagSize);
  } while (!rest.empty());
  return {};
}

StreamSealer::StreamSealer(crypto::Aead aead, Sink sink)
    : aead_(std::move(aead)), sink_(std::move(sink)), buffer_(kSealedChunkSize) {}

Result<StreamSealer> StreamSealer::start(ByteView file_key, Random& random, Sink sink) {
  BULLA_TRY(auto nonce, random_array<kPayloadNonceSize>(random));
  StreamSealer sealer(crypto::Aead(payload_key(file_key, nonce).reveal()), std::move(sink));
  BULLA_CHECK_OK(sealer.sink_(nonce));
  return sealer;
}

// A full chunk waits until there is more, since the last chunk is marked and must not be empty.
Result<> StreamSealer::write(ByteView plaintext) {
  BULLA_ASSERT(!finished_);
  while (!plaintext.empty()) {
    if (used_ == kChunkSize) BULLA_CHECK_OK(flush(buffer_.reveal().first(used_), false));
    if (used_ == 0 && plaintext.size() > kChunkSize) {  // without a copy
      BULLA_CHECK_OK(flush(plaintext.first(kChunkSize), false));
      plaintext = plaintext.subspan(kChunkSize);
      continue;
    }
    auto piece = plaintext.first(std::min(plaintext.size(), kChunkSize - used_));
    std::ranges::copy(piece, buffer_.writable().begin() + static_cast<std::ptrdiff_t>(used_));
    used_ += piece.size();
    plaintext = plaintext.subspan(piece.size());
  }
  return {};
}

Result<> StreamSealer::finish() {
  BULLA_ASSERT(!finished_);
  finished_ = true;
  return flush(buffer_.reveal().first(used_), true);
}

Result<> StreamSealer::flush(ByteView plaintext, bool last) {
  auto sealed = buffer_.writable().first(plaintext.size() + kTagSize);
  aead_.seal(chunk_nonce(counter_++, last), plaintext, sealed);
  used_ = 0;
  return sink_(sealed);
}

StreamOpener::StreamOpener(Secret file_key, Sink sink)
    : file_key_(std::move(file_key)), sink_(std::move(sink)), plain_(kChunkSize) {
  sealed_.reserve(kSealedChunkSize);
}

Result<StreamOpener> StreamOpener::start(ByteView file_key, Sink sink) {
  if (file_key.size() != kFileKeySize) return fail(Code::kInvalid, "a file key is 16 bytes");
  return StreamOpener(Secret::copy_of(file_key), std::move(sink));
}

Result<> StreamOpener::write(ByteView sealed) {
  if (failed_) return fail(*failed_);
  return remember(take(sealed));
}

Result<> StreamOpener::finish() {
  if (failed_) return fail(*failed_);
  if (!aead_) return remember(fail(Code::kInvalid, "an age file ends before its payload"));
  return remember(flush(sealed_, true));
}

Result<> StreamOpener::remember(Result<> result) {
  if (!result) failed_ = result.error();
  return result;
}

// The nonce comes first; what is behind it is returned.
ByteView StreamOpener::take_nonce(ByteView sealed) {
  auto piece = sealed.first(std::min(sealed.size(), kPayloadNonceSize - sealed_.size()));
  append(sealed_, piece);
  if (sealed_.size() == kPayloadNonceSize) {
    aead_.emplace(payload_key(file_key_.reveal(), sealed_).reveal());
    file_key_ = Secret();
    sealed_.clear();
  }
  return sealed.subspan(piece.size());
}

// A full chunk waits until there is more: only then it is known not to be the last.
Result<> StreamOpener::take(ByteView sealed) {
  if (!aead_) sealed = take_nonce(sealed);
  while (!sealed.empty()) {
    if (sealed_.size() == kSealedChunkSize) {
      BULLA_CHECK_OK(flush(sealed_, false));
      sealed_.clear();
    }
    if (sealed_.empty() && sealed.size() > kSealedChunkSize) {  // without a copy
      BULLA_CHECK_OK(flush(sealed.first(kSealedChunkSize), false));
      sealed = sealed.subspan(kSealedChunkSize);
      continue;
    }
    auto piece = sealed.first(std::min(sealed.size(), kSealedChunkSize - sealed_.size()));
    append(sealed_, piece);
    sealed = sealed.subspan(piece.size());
  }
  return {};
}

// A full chunk that is not what its place demands (a last one with more behind it, or none where the payload ends) is
// still authentic: it is released before the error, as other implementations do. So all agree on what a cut or an
// extended file gives.
Result<> StreamOpener::flush(ByteView sealed, bool at_end) {
  if (sealed.size() < kTagSize) return does_not_decrypt();
  auto plain = plain_.writable().first(sealed.size() - kTagSize);
  if (plain.empty() && counter_ > 0) return does_not_decrypt();  // only an empty payload has an empty chunk
  bool in_place = aead_->open(chunk_nonce(counter_, at_end), sealed, plain).has_value();
  if (!in_place && (sealed.size() < kSealedChunkSize || !aead_->open(chunk_nonce(counter_, !at_end), sealed, plain)))
    return does_not_decrypt();
  ++counter_;
  auto taken = sink_(plain);
  wipe(plain);
  if (!taken) return taken;
  if (!in_place) return does_not_decrypt();
  return {};
}

}  // namespace bulla::age
