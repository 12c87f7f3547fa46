#include "core/opaque/client.h"

#include <algorithm>

#include "core/base/reader.h"
#include "core/crypto/equal.h"
#include "core/opaque/credentials.h"
#include "core/opaque/key_exchange.h"
#include "core/opaque/oprf.h"

namespace bulla::opaque {
namespace {

std::unexpected<Error> not_authentic() {
  return fail(Code::kAuthentic, "the password is wrong, or there is no such account");
}

Result<> check(ByteView password, const Parameters& parameters) {
  if (password.size() > kMaxPassword) return fail(Code::kInvalid, "a password is longer than 1024 bytes");
  if (!parameters.within_bounds()) return fail(Code::kInvalid, "an identity or the context is too long");
  return {};
}

// What a credential response hides. With a wrong password these are random bytes.
struct Uncovered {
  Element server_public_key{};
  Envelope envelope;
};

Uncovered uncover(const CredentialResponse& response, const Secret& masking_key) {
  const auto bytes = mask(masking_key, response.masking_nonce, response.masked);
  Uncovered out;
  auto at = bytes.begin();
  auto fill = [&at](auto& field) {
    std::copy_n(at, field.size(), field.begin());
    at += static_cast<std::ptrdiff_t>(field.size());
  };
  fill(out.server_public_key);
  fill(out.envelope.nonce);
  fill(out.envelope.auth_tag);
  return out;
}

}  // namespace

Result<RegistrationStart> start_registration(ByteView password, Random& random) {
  BULLA_TRY(auto blinded, oprf_blind(password, random));
  return RegistrationStart{{std::move(blinded.blind)}, {blinded.element}};
}

Result<Registered> finish_registration(const RegistrationState& state, ByteView password,
                                       const RegistrationResponse& response, const Parameters& parameters,
                                       const Stretching& stretching, Random& random) {
  BULLA_CHECK_OK(check(password, parameters));
  BULLA_TRY(auto randomized, randomized_password(password, state.blind, response.evaluated, stretching));
  BULLA_TRY(auto nonce, random_array<kNonceSize>(random));
  auto made = make_credentials(randomized, nonce, response.server_public_key, parameters);
  return Registered{{made.key.public_key, std::move(made.masking_key), made.envelope},
                    std::move(made.export_key),
                    response.server_public_key};
}

Result<LoginStart> start_login(ByteView password, Random& random) {
  BULLA_TRY(auto blinded, oprf_blind(password, random));
  BULLA_TRY(auto nonce, random_array<kNonceSize>(random));
  BULLA_TRY(auto seed, random_secret(random, kSeedSize));
  auto keyshare = derive_key_pair(seed.reveal(), kKeyShareInfo);
  const Ke1 ke1{blinded.element, nonce, keyshare.public_key};
  return LoginStart{{std::move(blinded.blind), std::move(keyshare.private_key), ke1}, ke1};
}

Result<LoggedIn> finish_login(const LoginState& state, ByteView password, const Ke2& ke2, const Parameters& parameters,
                              const Stretching& stretching) {
  BULLA_CHECK_OK(check(password, parameters));
  BULLA_TRY(auto randomized, randomized_password(password, state.blind, ke2.response.evaluated, stretching));
  const auto hidden = uncover(ke2.response, masking_key_of(randomized));
  auto made = make_credentials(randomized, hidden.envelope.nonce, hidden.server_public_key, parameters);
  if (!crypto::equal(made.envelope.auth_tag, hidden.envelope.auth_tag)) return not_authentic();

  const auto products =
      triple_dh({state.private_keyshare, ke2.server_keyshare}, {state.private_keyshare, hidden.server_public_key},
                {made.key.private_key, ke2.server_keyshare});
  if (!products) return not_authentic();
  auto keys =
      derive_keys(*products, preamble(parameters, made.key.public_key, state.ke1, hidden.server_public_key, ke2));
  if (!crypto::equal(keys.server_mac, ke2.server_mac)) return not_authentic();
  return LoggedIn{{keys.client_mac}, std::move(keys.session_key), std::move(made.export_key), hidden.server_public_key};
}

}  // namespace bulla::opaque
