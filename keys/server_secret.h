// ServerSecret: the 32 bytes from which a key server derives everything that has to be keyed: the hashes under which
// tokens and codes are stored, names for logs, and the sealing of what it gives away to get it back.
#pragma once

#include <initializer_list>

#include "core/base/random.h"
#include "store/records.h"

namespace bulla::keys {

// Use keeps the keys of different uses apart.
enum class Use : std::uint8_t {
  kRequestId,  // request tokens as they are stored, and so on
  kTicketId,
  kSessionId,
  kCode,
  kTicket,   // tickets are made of their request, so that a lost answer can be asked for again
  kSession,  // the same for the sessions of a sign-in
  kNetwork,
  kShare,
  kLog,
  kLogin,        // sealing of the state between the two messages of a sign-in
  kMail,         // sealing of codes that wait to be mailed
  kFingerprint,  // tells whether database and key folder belong together
};

class ServerSecret {
 public:
  static constexpr std::size_t kSize = 32;

  // The secret is kSize bytes: kInvalid otherwise.
  static Result<ServerSecret> from_bytes(ByteView bytes);

  // digest is a keyed hash of the parts; where one ends counts. Without the secret it cannot be computed or guessed at.
  store::Digest digest(Use use, std::initializer_list<ByteView> parts) const;
  // name_for_log stands for an identifier or an address in logs: the same each time, and of no use to a reader.
  std::string name_for_log(std::string_view text) const;

  // seal gives bytes that only this server opens again, with the same use. Fails with the randomness only.
  Result<Bytes> seal(Use use, ByteView plaintext, Random& random) const;
  // open is kAuthentic for everything that seal did not make.
  Result<Secret> open(Use use, ByteView sealed) const;

 private:
  explicit ServerSecret(Secret secret) : secret_(std::move(secret)) {}
  Secret key(Use use, ByteView salt) const;
  Secret secret_;
};

}  // namespace bulla::keys
