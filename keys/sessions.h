// Sessions: who has signed in. A session is a token of 32 bytes that a page keeps in memory; the store has its hash.
#pragma once

#include "keys/answer.h"
#include "keys/world.h"

namespace bulla::keys {

constexpr Millis kSessionIdle = 15 * kMinute;
constexpr Millis kSessionLife = 8 * kHour;

struct SessionGiven {
  std::string session;
  std::string address;
  Millis expires_in = 0;
};

class Sessions {
 public:
  explicit Sessions(const World& world) : world_(world) {}

  // open makes a session inside of a transaction.
  Result<SessionGiven> open(store::Transaction& transaction, const std::string& address) const;
  // reopen makes the session that belongs to a sign-in, always the same one. kConflict when it was ended.
  Result<SessionGiven> reopen(store::Transaction& transaction, const std::string& address, ByteView login) const;

  // check returns the address of a session that has not ended, and notes its use. kSignIn otherwise.
  Answer<std::string> check(std::string_view session) const;
  // end ends a session; ending one that is over is no error.
  Answer<> end(std::string_view session) const;

 private:
  store::Digest id_of(std::string_view session) const;
  World world_;
};

}  // namespace bulla::keys
