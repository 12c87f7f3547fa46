// World: everything outside of the decisions that they need, passed in by the program or a test.
#pragma once

#include "core/base/clock.h"
#include "core/base/random.h"
#include "core/opaque/server.h"
#include "keys/organisations.h"
#include "keys/rate_limit.h"
#include "keys/server_secret.h"
#include "keys/shares.h"
#include "store/store.h"

namespace bulla::keys {

// All of it must outlive whoever is given it, and may be used from any thread.
struct World {
  store::Store& store;
  const Clock& clock;
  Random& random;
  const ServerSecret& secret;
  const ReleaseKey& release_key;
  const opaque::ServerSetup& opaque;
  const OrganisationBook& organisations;
  Limits& limits;
};

// Asker is who asks, as far as it can be known: the network, not the person.
struct Asker {
  std::string network;  // network_of() the peer's address
};

}  // namespace bulla::keys
