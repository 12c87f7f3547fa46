#include "keys/shares.h"

#include "core/base/encoding.h"
#include "core/crypto/hash.h"
#include "store/records.h"

namespace bulla::keys {
namespace {

constexpr std::size_t kSealedShareSize = kShareSize + crypto::kAeadTagSize;

Result<age::Stanza> parse_share(std::string_view text) {
  if (text.size() > kMaxStanzaText) return fail(Code::kInvalid, "the stanza of a share is too long");
  BULLA_TRY(auto stanza, age::parse_stanza(text));
  const bool fits = stanza.type == "X25519" && stanza.args.size() == 1 && stanza.body.size() == kSealedShareSize;
  const auto point = fits ? decode_base64_raw(stanza.args[0]) : std::nullopt;
  if (!point || point->size() != crypto::X25519Public{}.size())
    return fail(Code::kInvalid, "a share is one X25519 stanza that holds 16 bytes");
  return stanza;
}

std::string id_of(std::string_view recipient) {
  const auto digest = crypto::sha256(as_bytes("bulla/v1/release-key " + std::string(recipient)));
  return base64url(ByteView(digest).first(9));
}

}  // namespace

Result<> check_stanza(std::string_view text) {
  BULLA_TRY(const auto stanza, parse_share(text));
  (void)stanza;
  return {};
}

Result<std::string> seal_share(const age::X25519Recipient& recipient, ByteView share, Random& random) {
  BULLA_TRY(const auto stanza, recipient.wrap(share, random));
  return age::stanza_text(stanza);
}

ReleaseKey::ReleaseKey(age::X25519Identity identity)
    : identity_(std::move(identity)),
      recipient_(identity_.recipient().text()),
      id_(id_of(recipient_)),
      holder_(std::string(store::kReleasePrefix) + id_) {}

Result<Secret> ReleaseKey::open_share(std::string_view text) const {
  BULLA_TRY(const auto stanza, parse_share(text));
  BULLA_TRY(auto share, identity_.unwrap(std::span(&stanza, 1)));
  if (!share || share->size() != kShareSize)
    return fail(Code::kAuthentic, "the share is not sealed to the release key");
  return std::move(*share);
}

}  // namespace bulla::keys
