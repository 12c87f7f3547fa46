// Accounts: registering one (OPAQUE registration, RFC 9807 §5) and activating it: every share that waits for the
// address is sealed to its new key, and the server's own copy is deleted, in the same durable step.
#pragma once

#include "keys/sessions.h"

namespace bulla::keys {

constexpr std::size_t kMaxIdentity = 4096;

struct NewAccount {
  std::string ticket;
  Bytes record;           // OPAQUE RegistrationRecord
  std::string recipient;  // "age1..."
  Bytes identity;         // the wrapped identity, an age file
};

class Accounts {
 public:
  explicit Accounts(const World& world) : world_(world), sessions_(world) {}

  // start answers an OPAQUE RegistrationRequest. kGone: no such ticket, or out of time. kConflict: the address has an
  // account.
  Answer<Bytes> start(std::string_view ticket, ByteView request, const Asker& asker) const;

  // finish keeps the account and signs it in. The same again is answered with another session, in case that the first
  // answer was lost; anything else for an address that has an account is kConflict.
  Answer<SessionGiven> finish(const NewAccount& account, const Asker& asker) const;

 private:
  // The address that a ticket proves, or kGone.
  Answer<std::string> address_of(std::string_view ticket) const;
  Answer<SessionGiven> create(store::Transaction& transaction, const NewAccount& account,
                              const age::X25519Recipient& recipient) const;
  Result<> hand_over_shares(store::Transaction& transaction, const std::string& address,
                            const age::X25519Recipient& recipient) const;
  World world_;
  Sessions sessions_;
};

}  // namespace bulla::keys
