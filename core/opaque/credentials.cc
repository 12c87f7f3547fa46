#include "core/opaque/credentials.h"

#include "core/base/writer.h"
#include "core/crypto/hash.h"
#include "core/crypto/hkdf.h"
#include "core/opaque/key_exchange.h"

namespace bulla::opaque {
namespace {

Secret expand(const Secret& key, ByteView nonce, std::string_view label, std::size_t size) {
  Bytes info = to_bytes(nonce);
  append(info, label);
  return crypto::hkdf_sha512_expand(key.reveal(), info, size);
}

void append_identity(Bytes& out, const std::optional<Bytes>& identity, const Element& public_key) {
  const ByteView bytes = identity ? ByteView(*identity) : ByteView(public_key);
  append_u16_be(out, static_cast<std::uint16_t>(bytes.size()));
  append(out, bytes);
}

}  // namespace

Result<Secret> randomized_password(ByteView password, const Secret& blind, const Element& evaluated,
                                   const Stretching& stretching) {
  BULLA_TRY(auto output, oprf_finalize(password, blind, evaluated));
  Bytes both = to_bytes(output.reveal());
  if (stretching.cost) {
    static constexpr ByteArray<crypto::kArgon2SaltSize> kSalt{};
    auto stretched = crypto::argon2id(output.reveal(), kSalt, *stretching.cost, kHashSize);
    if (!stretched) {
      wipe(both);
      return fail(std::move(stretched).error());
    }
    append(both, stretched->reveal());
  } else {
    append(both, output.reveal());
  }
  auto input = Secret::take(std::move(both));
  return crypto::hkdf_sha512_extract({}, input.reveal());
}

Secret masking_key_of(const Secret& randomized) {
  return expand(randomized, {}, "MaskingKey", kHashSize);
}

Credentials make_credentials(const Secret& randomized, const Nonce& nonce, const Element& server_public_key,
                             const Parameters& parameters) {
  Credentials out;
  out.masking_key = masking_key_of(randomized);
  out.export_key = expand(randomized, nonce, "ExportKey", kHashSize);
  const auto seed = expand(randomized, nonce, "PrivateKey", kSeedSize);
  out.key = derive_key_pair(seed.reveal(), kKeyShareInfo);
  const auto auth_key = expand(randomized, nonce, "AuthKey", kHashSize);
  // envelope nonce ‖ CleartextCredentials
  Bytes authenticated = to_bytes(nonce);
  append(authenticated, server_public_key);
  append_identity(authenticated, parameters.server_identity, server_public_key);
  append_identity(authenticated, parameters.client_identity, out.key.public_key);
  out.envelope = {nonce, crypto::hmac_sha512(auth_key.reveal(), authenticated)};
  return out;
}

}  // namespace bulla::opaque
