// Internal to opaque/: how a client makes its private key from its password, and finds it again (RFC 9807 §4).
#pragma once

#include "core/opaque/messages.h"
#include "core/opaque/oprf.h"
#include "core/opaque/parameters.h"

namespace bulla::opaque {

// What a password gives: the same at registration and at each login.
struct Credentials {
  KeyPair key;
  Secret export_key;   // kHashSize bytes, for the application
  Secret masking_key;  // kHashSize bytes, shared with the server
  Envelope envelope;
};

// randomized_password finishes the OPRF and stretches its output (RFC 9807 §5.2.3, §6.3.2.3).
Result<Secret> randomized_password(ByteView password, const Secret& blind, const Element& evaluated,
                                   const Stretching& stretching);

// masking_key_of derives the key that hides the credential response.
Secret masking_key_of(const Secret& randomized);

// make_credentials derives everything from the password and a nonce (RFC 9807 §4.1.2, §4.1.3). It is Store and
// Recover at once: a login compares the envelope's tag with the one that it was given.
Credentials make_credentials(const Secret& randomized, const Nonce& nonce, const Element& server_public_key,
                             const Parameters& parameters);

}  // namespace bulla::opaque
