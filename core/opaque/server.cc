#include "core/opaque/server.h"

#include <algorithm>

#include "core/base/reader.h"
#include "core/crypto/equal.h"
#include "core/crypto/hkdf.h"
#include "core/opaque/key_exchange.h"
#include "core/opaque/oprf.h"

namespace bulla::opaque {
namespace {

Secret expand(const Secret& seed, ByteView prefix, std::string_view label, std::size_t size) {
  Bytes info = to_bytes(prefix);
  append(info, label);
  return crypto::hkdf_sha512_expand(seed.reveal(), info, size);
}

// The record of nobody: any key, any masking key, an envelope of zeros (RFC 9807 §6.3.2.2 and §10.9). It follows from
// the seed, so that it stays the same over restarts, and one serves for all, since nothing of it can be seen.
Secret make_fake_record(const Secret& oprf_seed) {
  const auto seed = expand(oprf_seed, {}, "bulla/v1/fake-client-key", kSeedSize);
  Record record;
  record.client_public_key = derive_key_pair(seed.reveal(), kKeyShareInfo).public_key;
  record.masking_key = expand(oprf_seed, {}, "bulla/v1/fake-masking-key", kHashSize);
  return record.serialize();
}

}  // namespace

Secret ServerLogin::serialize() const {
  Secret out(kSize);
  auto rest = std::ranges::copy(expected_client_mac, out.writable().begin()).out;
  std::ranges::copy(session_key.reveal(), rest);
  return out;
}

Result<ServerLogin> ServerLogin::parse(ByteView bytes) {
  if (bytes.size() != kSize) return fail(Code::kInvalid, "the state of a login is malformed");
  ServerLogin out;
  std::ranges::copy(bytes.first(kHashSize), out.expected_client_mac.begin());
  out.session_key = Secret::copy_of(bytes.subspan(kHashSize));
  return out;
}

ServerSetup::ServerSetup(Secret oprf_seed, KeyPair key)
    : oprf_seed_(std::move(oprf_seed)), key_(std::move(key)), fake_record_(make_fake_record(oprf_seed_)) {}

Result<ServerSetup> ServerSetup::generate(Random& random) {
  BULLA_TRY(auto oprf_seed, random_secret(random, kHashSize));
  BULLA_TRY(auto private_key, random_scalar(random));
  auto public_key = multiply_generator(private_key);
  return ServerSetup(std::move(oprf_seed), {std::move(private_key), public_key});
}

Result<ServerSetup> ServerSetup::parse(ByteView bytes) {
  if (bytes.size() != kSize || !is_scalar(bytes.subspan(kHashSize)))
    return fail(Code::kInvalid, "the server's OPAQUE setup is malformed");
  auto private_key = Secret::copy_of(bytes.subspan(kHashSize));
  auto public_key = multiply_generator(private_key);
  return ServerSetup(Secret::copy_of(bytes.first(kHashSize)), {std::move(private_key), public_key});
}

Secret ServerSetup::serialize() const {
  Secret out(kSize);
  auto rest = std::ranges::copy(oprf_seed_.reveal(), out.writable().begin()).out;
  std::ranges::copy(key_.private_key.reveal(), rest);
  return out;
}

Secret ServerSetup::oprf_key(ByteView credential_identifier) const {
  const auto seed = expand(oprf_seed_, credential_identifier, "OprfKey", kSeedSize);
  return derive_key_pair(seed.reveal(), "OPAQUE-DeriveKeyPair").private_key;
}

Result<RegistrationResponse> ServerSetup::registration_response(const RegistrationRequest& request,
                                                                ByteView credential_identifier) const {
  if (credential_identifier.size() > kMaxCredentialIdentifier)
    return fail(Code::kInvalid, "a credential identifier is too long");
  BULLA_TRY(auto evaluated, oprf_evaluate(oprf_key(credential_identifier), request.blinded));
  return RegistrationResponse{evaluated, key_.public_key};
}

Result<ServerLoginStart> ServerSetup::start_login(const std::optional<ByteView>& record, const Ke1& ke1,
                                                  ByteView credential_identifier, const Parameters& parameters,
                                                  Random& random) const {
  if (credential_identifier.size() > kMaxCredentialIdentifier || !parameters.within_bounds())
    return fail(Code::kInvalid, "a credential identifier, an identity or the context is too long");
  BULLA_TRY(const auto client, Record::parse(record ? *record : fake_record_.reveal()));

  Ke2 ke2;
  BULLA_TRY(ke2.response.evaluated, oprf_evaluate(oprf_key(credential_identifier), ke1.blinded));
  BULLA_TRY(ke2.response.masking_nonce, random_array<kNonceSize>(random));
  ByteArray<CredentialResponse::kMaskedSize> hidden{};
  auto rest = std::ranges::copy(key_.public_key, hidden.begin()).out;
  std::ranges::copy(client.envelope.serialize(), rest);
  ke2.response.masked = mask(client.masking_key, ke2.response.masking_nonce, hidden);

  BULLA_TRY(ke2.server_nonce, random_array<kNonceSize>(random));
  BULLA_TRY(const auto seed, random_secret(random, kSeedSize));
  const auto keyshare = derive_key_pair(seed.reveal(), kKeyShareInfo);
  ke2.server_keyshare = keyshare.public_key;

  const auto products = triple_dh({keyshare.private_key, ke1.client_keyshare}, {key_.private_key, ke1.client_keyshare},
                                  {keyshare.private_key, client.client_public_key});
  if (!products) return fail(Code::kInvalid, "a key share is not valid");
  auto keys = derive_keys(*products, preamble(parameters, client.client_public_key, ke1, key_.public_key, ke2));
  ke2.server_mac = keys.server_mac;
  return ServerLoginStart{{keys.client_mac, std::move(keys.session_key)}, ke2};
}

Result<Secret> finish_login(const ServerLogin& state, const Ke3& ke3) {
  if (!crypto::equal(state.expected_client_mac, ke3.client_mac))
    return fail(Code::kAuthentic, "the password is wrong, or there is no such account");
  return state.session_key.clone();
}

}  // namespace bulla::opaque
