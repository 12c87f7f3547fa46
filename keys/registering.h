// Registering: what gateways tell the key server about the envelopes that they seal, and what they ask.
#pragma once

#include <map>

#include "keys/answer.h"
#include "keys/world.h"
#include "mail/address.h"

namespace bulla::keys {

struct NewShare {
  std::string to;  // "release:KEYID" or "age1..."
  std::string stanza;
};

struct NewRecipient {
  std::string address;  // as the gateway wrote it
  NewShare share;
};

struct NewEnvelope {
  store::EnvelopeId id{};
  std::string sender;
  std::string sender_name;
  Millis date = 0;
  std::optional<Millis> expires;
  std::vector<NewRecipient> recipients;
};

enum class Registration { kRegistered, kOutdated, kRefused };
// "registered", "outdated", "refused"
const char* registration_name(Registration registration);

struct RecipientResult {
  std::string address;  // as the gateway wrote it
  Registration status = Registration::kRefused;
  std::string reason;  // for the sender, when it is not registered
};

struct EnvelopeResult {
  store::EnvelopeId id{};
  std::vector<RecipientResult> recipients;
};

class Registering {
 public:
  explicit Registering(const World& world) : world_(world) {}

  // directory finds the keys of those addresses that have an account, under the address as it was asked.
  Answer<std::map<std::string, std::vector<std::string>>> directory(const std::vector<std::string>& addresses) const;

  // register_envelopes keeps all that can be kept, durably and in one step. The same again is kRegistered.
  Answer<std::vector<EnvelopeResult>> register_envelopes(const Organisation& organisation,
                                                         const std::vector<NewEnvelope>& envelopes) const;

  // events are the organisation's receipts with a number above `after`, up to `limit`.
  Answer<std::vector<store::Event>> events(const Organisation& organisation, std::int64_t after, int limit) const;

 private:
  World world_;
};

}  // namespace bulla::keys
