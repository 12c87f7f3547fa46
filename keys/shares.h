// Server shares, sealed: each is 16 bytes in one age X25519 stanza, to the release key until its recipient registers,
// and to the recipient afterwards.
#pragma once

#include <string>

#include "core/age/x25519.h"
#include "core/crypto/aead.h"

namespace bulla::keys {

constexpr std::size_t kShareSize = 16;
constexpr std::size_t kMaxStanzaText = 512;

// check_stanza makes sure that the text is one X25519 stanza that may hold a share. kInvalid otherwise.
Result<> check_stanza(std::string_view text);

// seal_share is kInvalid when the recipient's key is of a kind that nothing can be sealed to.
Result<std::string> seal_share(const age::X25519Recipient& recipient, ByteView share, Random& random);

// ReleaseKey opens the shares of recipients who have not registered. It lives in the key folder, not in the database.
class ReleaseKey {
 public:
  explicit ReleaseKey(age::X25519Identity identity);

  // id names the key: the beginning of a hash of its public key, in base64url.
  const std::string& id() const { return id_; }
  // holder is what shares sealed to it are marked with: "release:ID".
  const std::string& holder() const { return holder_; }
  const std::string& recipient() const { return recipient_; }
  // open_share is kAuthentic when the stanza is not sealed to this key, or holds no share.
  Result<Secret> open_share(std::string_view stanza) const;

 private:
  age::X25519Identity identity_;
  std::string recipient_;
  std::string id_;
  std::string holder_;
};

}  // namespace bulla::keys
