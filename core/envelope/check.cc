#include "core/envelope/check.h"

#include <algorithm>

#include "core/base/reader.h"
#include "core/crypto/equal.h"
#include "core/envelope/padme.h"

namespace bulla::envelope {
namespace {

constexpr std::size_t kSignatureSize = 64;
constexpr std::size_t kLengthSize = 4;

}  // namespace

std::unexpected<Error> not_as_sealed() {
  return fail(Code::kAuthentic, kNotAsSealed);
}

Result<ContentView> split_content(ByteView content) {
  if (content.size() < kTrailerSize) return not_as_sealed();
  const auto length = Reader(content.last(kLengthSize)).u32_be().value();
  if (length > kMaxManifest || length > content.size() - kTrailerSize) return not_as_sealed();
  ContentView view;
  view.body = content.first(content.size() - kTrailerSize - length);
  view.manifest = content.subspan(view.body.size(), length);
  std::ranges::copy(content.last(kTrailerSize).first(kSignatureSize), view.signature.begin());
  return view;
}

Bytes signed_bytes(ByteView manifest) {
  Bytes out = to_bytes("bulla/v1/manifest");
  out.push_back(0);
  append(out, crypto::sha256(manifest));
  return out;
}

Result<crypto::Ed25519Public> find_signer(const ContentView& content, std::span<const crypto::Ed25519Public> keys) {
  const auto message = signed_bytes(content.manifest);
  for (const auto& key : keys)
    if (crypto::ed25519_verify(key, message, content.signature)) return key;
  return not_as_sealed();
}

Result<ByteView> check_message(const ContentView& content, std::uint64_t message_size,
                               const crypto::Sha256Digest& root) {
  const std::uint64_t fixed = content.manifest.size() + kTrailerSize;
  if (message_size > content.body.size()) return not_as_sealed();
  if (padme(message_size + fixed) != content.body.size() + fixed) return not_as_sealed();
  const auto message = content.body.first(static_cast<std::size_t>(message_size));
  const auto padding = content.body.subspan(message.size());
  if (std::ranges::any_of(padding, [](auto byte) { return byte != 0; })) return not_as_sealed();
  if (!crypto::equal(root_hash(message), root)) return not_as_sealed();
  return message;
}

void RootHash::update(ByteView bytes) {
  while (!bytes.empty()) {
    const auto piece = bytes.first(std::min(bytes.size(), kLeafSize - in_leaf_));
    leaf_.update(piece);
    in_leaf_ += piece.size();
    bytes = bytes.subspan(piece.size());
    if (in_leaf_ == kLeafSize) {
      root_.update(leaf_.finish());
      in_leaf_ = 0;
    }
  }
}

crypto::Sha256Digest RootHash::finish() {
  if (in_leaf_ > 0) root_.update(leaf_.finish());
  in_leaf_ = 0;
  return root_.finish();
}

crypto::Sha256Digest root_hash(ByteView message) {
  RootHash hash;
  hash.update(message);
  return hash.finish();
}

}  // namespace bulla::envelope
