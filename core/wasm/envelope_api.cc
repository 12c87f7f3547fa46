// Envelopes for the host. It feeds the file in pieces, asks who signed the manifest, reads it (JSON is the host's), and
// gets at the message once that has been checked too.
#include <algorithm>

#include "core/envelope/opener.h"
#include "core/wasm/abi.h"

namespace bulla::wasm {
namespace {

struct EnvelopeOpener {
  std::unique_ptr<envelope::ContentOpener> content;
  std::optional<envelope::ContentView> view;  // once the file is complete
  bool is_signed = false;                     // by a key that came with the release
  std::optional<ByteView> message;            // once everything has been checked
};

std::vector<crypto::Ed25519Public> keys_of(ByteView bytes) {
  std::vector<crypto::Ed25519Public> keys(bytes.size() / 32);
  for (auto& key : keys) {
    std::ranges::copy(bytes.first(32), key.begin());
    bytes = bytes.subspan(32);
  }
  return keys;
}

Status not_as_sealed() {
  return failed(envelope::not_as_sealed().error());
}

}  // namespace

// bulla_envelope_new starts to open a sealed file of at most `file_size` bytes, in memory of that size: a handle.
BULLA_EXPORT(bulla_envelope_new)(const std::uint8_t* id_text, std::size_t id_size, const std::uint8_t* share,
                                 std::size_t share_size, std::size_t file_size) {
  const auto id = envelope::EnvelopeId::parse(text(id_text, id_size));
  if (!id) return failed({Code::kInvalid, "an envelope id is malformed", {}});
  auto content = envelope::ContentOpener::start(*id, view(share, share_size), file_size);
  return content ? done_handle(new EnvelopeOpener{std::move(*content)}) : failed(content.error());
}

// bulla_envelope_write takes the next piece of the file.
BULLA_EXPORT(bulla_envelope_write)(EnvelopeOpener* opener, const std::uint8_t* data, std::size_t size) {
  return finish(opener->content->write(view(data, size)));
}

// bulla_envelope_finish checks that the file is complete: the manifest, which nobody has signed yet.
BULLA_EXPORT(bulla_envelope_finish)(EnvelopeOpener* opener) {
  auto content = opener->content->finish();
  if (!content) return failed(content.error());
  opener->view = *content;
  return done_view(content->manifest);
}

// bulla_envelope_signer returns the key, of those given (32 bytes each), that the manifest is signed by.
BULLA_EXPORT(bulla_envelope_signer)(EnvelopeOpener* opener, const std::uint8_t* keys, std::size_t keys_size) {
  if (!opener->view) return not_as_sealed();
  const auto signer = envelope::find_signer(*opener->view, keys_of(view(keys, keys_size)));
  if (!signer) return failed(signer.error());
  opener->is_signed = true;
  return done(*signer);
}

// bulla_envelope_check checks the message against the size and the root hash (32 bytes) that the manifest states.
BULLA_EXPORT(bulla_envelope_check)(EnvelopeOpener* opener, std::size_t message_size, const std::uint8_t* root,
                                   std::size_t root_size) {
  crypto::Sha256Digest digest{};
  if (!opener->view || !opener->is_signed || root_size != digest.size()) return not_as_sealed();
  std::ranges::copy(view(root, root_size), digest.begin());
  const auto message = envelope::check_message(*opener->view, message_size, digest);
  if (!message) return failed(message.error());
  opener->message = *message;
  return done();
}

// bulla_envelope_read returns bytes of the stored message, once everything has been checked.
BULLA_EXPORT(bulla_envelope_read)(EnvelopeOpener* opener, std::size_t offset, std::size_t size) {
  if (!opener->message) return not_as_sealed();
  const auto message = *opener->message;
  if (offset > message.size() || size > message.size() - offset)
    return failed({Code::kInvalid, "the message is not that long", {}});
  return done_view(message.subspan(offset, size));
}

BULLA_EXPORT(bulla_envelope_free)(EnvelopeOpener* opener) {
  delete opener;
  return done();
}

}  // namespace bulla::wasm
