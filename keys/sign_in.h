// Signing in: OPAQUE login (RFC 9807 §6). Between its two messages the server keeps nothing: the state travels sealed
// with the asker, so that nobody can fill the server's memory and a restart in between is not noticed.
#pragma once

#include "keys/sessions.h"
#include "mail/address.h"

namespace bulla::keys {

// How long a client may take between the two messages: it stretches the password meanwhile.
constexpr Millis kLoginLife = 5 * kMinute;

struct LoginStarted {
  std::string login;  // token to be sent back
  Bytes message;      // KE2
};

struct SignedIn {
  SessionGiven session;
  std::string recipient;
  Bytes identity;
};

class SignIn {
 public:
  explicit SignIn(const World& world) : world_(world), sessions_(world) {}

  // start answers KE1, for an address without an account in a way that cannot be told from the others (§10.9).
  Answer<LoginStarted> start(const mail::Address& address, ByteView ke1, const Asker& asker) const;
  // finish checks KE3. The same again gets the same session, until that has ended. kSignIn for everything else.
  Answer<SignedIn> finish(std::string_view login, ByteView ke3) const;

 private:
  World world_;
  Sessions sessions_;
};

}  // namespace bulla::keys
