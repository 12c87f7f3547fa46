// The server of OPAQUE-3DH (RFC 9807), ristretto255-SHA512. It never sees a password, a hash of one, or an export key.
//
//   registration   auto response = setup.registration_response(request, identifier);    the client answers with a
//   Record login          auto start = setup.start_login(record, ke1, identifier, …);          start->ke2 goes out
//                  auto session_key = finish_login(start->state, ke3);
//
// Losing the setup makes every record useless; who steals it together with the records can guess passwords offline.
#pragma once

#include <optional>

#include "core/opaque/messages.h"
#include "core/opaque/parameters.h"

namespace bulla::opaque {

// ServerLogin is what a server keeps between KE2 and KE3, for one use.
struct ServerLogin {
  static constexpr std::size_t kSize = 2 * kHashSize;
  Mac expected_client_mac{};
  Secret session_key;  // 64 bytes

  Secret serialize() const;
  static Result<ServerLogin> parse(ByteView bytes);
};

struct ServerLoginStart {
  ServerLogin state;
  Ke2 ke2;
};

// ServerSetup holds the server's long-term secrets: the seed of all accounts' OPRF keys, and its key pair.
class ServerSetup {
 public:
  static constexpr std::size_t kSize = kHashSize + kScalarSize;

  static Result<ServerSetup> generate(Random& random);
  // kInvalid: not kSize bytes, or a private key that is zero or not reduced.
  static Result<ServerSetup> parse(ByteView bytes);
  // OPRF seed ‖ private key.
  Secret serialize() const;

  const Element& public_key() const { return key_.public_key; }

  // The credential identifier names the account and is the same at registration and at each login; at most
  // kMaxCredentialIdentifier bytes. kInvalid: a bound is broken, or the blinded element is not one.
  Result<RegistrationResponse> registration_response(const RegistrationRequest& request,
                                                     ByteView credential_identifier) const;

  // start_login answers KE1. `record` is a stored record (its bytes), or nothing for an account that does not exist:
  // the answer then comes from a fake record, by the same steps, and cannot be told from a real one (RFC 9807 §10.9);
  // no KE3 will match it. kInvalid as above, or a record that is malformed.
  Result<ServerLoginStart> start_login(const std::optional<ByteView>& record, const Ke1& ke1,
                                       ByteView credential_identifier, const Parameters& parameters,
                                       Random& random) const;

 private:
  ServerSetup(Secret oprf_seed, KeyPair key);
  Secret oprf_key(ByteView credential_identifier) const;

  Secret oprf_seed_;
  KeyPair key_;
  Secret fake_record_;  // serialized
};

// finish_login checks KE3 and returns the session key. kAuthentic: the client did not know the password.
Result<Secret> finish_login(const ServerLogin& state, const Ke3& ke3);

}  // namespace bulla::opaque
