// Opening: what a recipient may know about an envelope, and the release of its share.
#pragma once

#include "keys/answer.h"
#include "keys/world.h"
#include "mail/address.h"

namespace bulla::keys {

enum class LookState { kUnknown, kRegister, kSignIn, kLocked, kExpired };
// "unknown", "register", ...
const char* state_name(LookState state);

// Details are what a person sees before confirming.
struct Details {
  store::Envelope envelope;
  std::string address;
  std::string organisation_name;
  std::string sender_domain;
  std::string state;  // "open", "locked", "expired"
};

// Release is the sealed share and what the envelope has to be checked against.
struct Release {
  store::EnvelopeId envelope{};
  std::vector<std::string> stanzas;
  Organisation organisation;
  std::string address;
  Millis time = 0;
};

class Opening {
 public:
  explicit Opening(const World& world) : world_(world) {}

  // look tells the state to whoever knows both the envelope's id and an address that it lists; to others kUnknown.
  Answer<LookState> look(const store::EnvelopeId& id, const mail::Address& address, const Asker& asker) const;

  // Both are for the address of a session. kNotFound: no such envelope, or it does not list this address.
  Answer<Details> details(const store::EnvelopeId& id, const std::string& address) const;
  // release writes the receipt first, durably. kGone with a state: locked or expired.
  Answer<Release> release(const store::EnvelopeId& id, const std::string& address) const;

 private:
  Answer<Release> release_in(store::Transaction& transaction, const store::EnvelopeId& id, const std::string& address,
                             Millis now) const;
  World world_;
};

}  // namespace bulla::keys
