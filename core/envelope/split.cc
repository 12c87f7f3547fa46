#include "core/envelope/split.h"

#include "core/base/check.h"
#include "core/base/encoding.h"
#include "core/crypto/aead.h"
#include "core/crypto/hkdf.h"

namespace bulla::envelope {
namespace {

constexpr std::size_t kShareTextSize = 43;  // kEnvelopeShareSize in base64url
constexpr std::size_t kPassphraseSize = 32;

Secret wrapping_key(const EnvelopeId& id, ByteView server_share, ByteView envelope_share) {
  Secret input(kServerShareSize + kEnvelopeShareSize + kPassphraseSize);  // a passphrase's place stays zero
  auto out = input.writable();
  std::ranges::copy(server_share, out.begin());
  std::ranges::copy(envelope_share, out.begin() + kServerShareSize);
  return crypto::hkdf_sha256(input.reveal(), id.bytes(), "bulla/v1/split", crypto::kAeadKeySize);
}

struct Parsed {
  EnvelopeId id;
  Secret envelope_share;
};

Result<Parsed> parse_split(const age::Stanza& stanza) {
  auto broken = [] { return fail(Code::kInvalid, "the bulla-split stanza is malformed"); };
  if (stanza.args.size() != 3 || stanza.args[2] != "-") return broken();
  if (stanza.body.size() != age::kFileKeySize + crypto::kAeadTagSize) return broken();
  auto id = EnvelopeId::parse(stanza.args[0]);
  if (!id || stanza.args[1].size() != kShareTextSize) return broken();
  auto share = decode_base64url(stanza.args[1]);
  if (!share) return broken();
  return Parsed{*id, Secret::take(std::move(*share))};
}

}  // namespace

Result<Shares> Shares::make(Random& random) {
  BULLA_TRY(auto server, random_secret(random, kServerShareSize));
  BULLA_TRY(auto envelope, random_secret(random, kEnvelopeShareSize));
  return Shares{std::move(server), std::move(envelope)};
}

Result<age::Stanza> SplitRecipient::wrap(ByteView file_key, Random&) const {
  BULLA_ASSERT(file_key.size() == age::kFileKeySize);
  BULLA_ASSERT(shares_.server.size() == kServerShareSize && shares_.envelope.size() == kEnvelopeShareSize);
  auto key = wrapping_key(id_, shares_.server.reveal(), shares_.envelope.reveal());
  Bytes body(age::kFileKeySize + crypto::kAeadTagSize);
  crypto::Aead(key.reveal()).seal(crypto::AeadNonce{}, file_key, body);
  return age::Stanza{kSplitType, {id_.text(), base64url(shares_.envelope.reveal()), "-"}, std::move(body)};
}

Result<SplitIdentity> SplitIdentity::from_share(const EnvelopeId& id, ByteView server_share) {
  if (server_share.size() != kServerShareSize) return fail(Code::kInvalid, "a server share is 16 bytes");
  return SplitIdentity(id, Secret::copy_of(server_share));
}

Result<std::optional<Secret>> SplitIdentity::unwrap(std::span<const age::Stanza> stanzas) const {
  for (const auto& stanza : stanzas) {
    if (stanza.type != kSplitType) continue;
    BULLA_TRY(auto parsed, parse_split(stanza));
    if (parsed.id != id_) continue;
    auto key = wrapping_key(id_, share_.reveal(), parsed.envelope_share.reveal());
    Secret file_key(age::kFileKeySize);
    if (crypto::Aead(key.reveal()).open(crypto::AeadNonce{}, stanza.body, file_key.writable()))
      return std::optional(std::move(file_key));
  }
  return std::optional<Secret>();
}

Result<Bytes> recipient_header(ByteView file_key, const EnvelopeId& id, Shares shares, Random& random) {
  const SplitRecipient recipient(id, std::move(shares));
  const age::Recipient* const recipients[] = {&recipient};
  return age::write_header(file_key, recipients, random);
}

Result<EnvelopeId> sealed_file_id(const age::Header& header) {
  if (header.stanzas.size() != 1 || header.stanzas.front().type != kSplitType)
    return fail(Code::kInvalid, "the file is not a sealed message: it has no bulla-split stanza, or others besides");
  BULLA_TRY(auto parsed, parse_split(header.stanzas.front()));
  return parsed.id;
}

}  // namespace bulla::envelope
