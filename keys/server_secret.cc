#include "keys/server_secret.h"

#include "core/base/check.h"
#include "core/base/encoding.h"
#include "core/base/writer.h"
#include "core/crypto/aead.h"
#include "core/crypto/hash.h"
#include "core/crypto/hkdf.h"

namespace bulla::keys {
namespace {

constexpr std::size_t kSaltSize = 32;

std::string_view label(Use use) {
  switch (use) {
    case Use::kRequestId:
      return "bulla/v1/keyserver/request-id";
    case Use::kTicketId:
      return "bulla/v1/keyserver/ticket-id";
    case Use::kSessionId:
      return "bulla/v1/keyserver/session-id";
    case Use::kCode:
      return "bulla/v1/keyserver/code";
    case Use::kTicket:
      return "bulla/v1/keyserver/ticket";
    case Use::kSession:
      return "bulla/v1/keyserver/session";
    case Use::kNetwork:
      return "bulla/v1/keyserver/network";
    case Use::kShare:
      return "bulla/v1/keyserver/share";
    case Use::kLog:
      return "bulla/v1/keyserver/log";
    case Use::kLogin:
      return "bulla/v1/keyserver/login";
    case Use::kMail:
      return "bulla/v1/keyserver/mail";
    case Use::kFingerprint:
      return "bulla/v1/keyserver/fingerprint";
  }
  BULLA_ASSERT(false);
}

}  // namespace

Result<ServerSecret> ServerSecret::from_bytes(ByteView bytes) {
  if (bytes.size() != kSize) return fail(Code::kInvalid, "the server's secret is not 32 bytes");
  return ServerSecret(Secret::copy_of(bytes));
}

Secret ServerSecret::key(Use use, ByteView salt) const {
  return crypto::hkdf_sha256(secret_.reveal(), salt, label(use), crypto::kAeadKeySize);
}

store::Digest ServerSecret::digest(Use use, std::initializer_list<ByteView> parts) const {
  Bytes message;
  for (const auto part : parts) {
    append_u32_be(message, static_cast<std::uint32_t>(part.size()));
    append(message, part);
  }
  const WipeOnExit wiped(message);
  return crypto::hmac_sha256(key(use, {}).reveal(), message);
}

std::string ServerSecret::name_for_log(std::string_view text) const {
  return base64url(digest(Use::kLog, {as_bytes(text)})).substr(0, 12);
}

// A fresh key for each sealing, from a random salt, so that the nonce can be zero.
Result<Bytes> ServerSecret::seal(Use use, ByteView plaintext, Random& random) const {
  BULLA_TRY(const auto salt, random_array<kSaltSize>(random));
  Bytes out(kSaltSize + plaintext.size() + crypto::kAeadTagSize);
  std::ranges::copy(salt, out.begin());
  crypto::Aead(key(use, salt).reveal()).seal({}, plaintext, MutableBytes(out).subspan(kSaltSize));
  return out;
}

Result<Secret> ServerSecret::open(Use use, ByteView sealed) const {
  if (sealed.size() < kSaltSize + crypto::kAeadTagSize) return fail(Code::kAuthentic, crypto::kDoesNotDecrypt);
  Secret plain(sealed.size() - kSaltSize - crypto::kAeadTagSize);
  crypto::Aead aead(key(use, sealed.first(kSaltSize)).reveal());
  BULLA_CHECK_OK(aead.open({}, sealed.subspan(kSaltSize), plain.writable()));
  return plain;
}

}  // namespace bulla::keys
