// The client of OPAQUE-3DH (RFC 9807), ristretto255-SHA512: the password stays here, and nothing that is sent tells it.
//
//   registration   auto start = start_registration(password, random);    start->request goes out
//                  auto done = finish_registration(start->state, password, response, …);    done->record goes out
//   login          auto start = start_login(password, random);           start->ke1 goes out
//                  auto done = finish_login(start->state, password, ke2, …);                done->ke3 goes out
//
// Both give the same export key, which the server does not know. Functions are pure but for the randomness they draw.
// The stretching runs in finish_*: half a second and 64 MiB, with Bulla's cost.
#pragma once

#include "core/opaque/messages.h"
#include "core/opaque/parameters.h"

namespace bulla::opaque {

struct RegistrationState {
  Secret blind;
};

struct RegistrationStart {
  RegistrationState state;
  RegistrationRequest request;
};

struct Registered {
  Record record;
  Secret export_key;  // 64 bytes
  Element server_public_key{};
};

// kInvalid: the password is longer than kMaxPassword. kUnavailable: no randomness, or no memory to stretch in.
Result<RegistrationStart> start_registration(ByteView password, Random& random);
Result<Registered> finish_registration(const RegistrationState& state, ByteView password,
                                       const RegistrationResponse& response, const Parameters& parameters,
                                       const Stretching& stretching, Random& random);

struct LoginState {
  Secret blind;
  Secret private_keyshare;
  Ke1 ke1;
};

struct LoginStart {
  LoginState state;
  Ke1 ke1;
};

struct LoggedIn {
  Ke3 ke3;
  Secret session_key;  // 64 bytes
  Secret export_key;   // 64 bytes
  Element server_public_key{};
};

Result<LoginStart> start_login(ByteView password, Random& random);
// kAuthentic: a wrong password, an account that does not exist, a message that was changed: all one and the same.
Result<LoggedIn> finish_login(const LoginState& state, ByteView password, const Ke2& ke2, const Parameters& parameters,
                              const Stretching& stretching);

}  // namespace bulla::opaque
