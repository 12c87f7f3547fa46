#include "core/opaque/key_exchange.h"

#include <algorithm>

#include "core/base/writer.h"
#include "core/crypto/hash.h"
#include "core/crypto/hkdf.h"

namespace bulla::opaque {
namespace {

void append_vector(Bytes& out, ByteView bytes) {
  append_u16_be(out, static_cast<std::uint16_t>(bytes.size()));
  append(out, bytes);
}

// Derive-Secret (RFC 9807 §6.4.2.2): HKDF-Expand under a label of its own, to the size of a hash.
Secret derive_secret(const Secret& key, std::string_view label, ByteView transcript) {
  Bytes info;
  append_u16_be(info, kHashSize);
  info.push_back(static_cast<std::uint8_t>(7 + label.size()));
  append(info, "OPAQUE-");
  append(info, label);
  info.push_back(static_cast<std::uint8_t>(transcript.size()));
  append(info, transcript);
  return crypto::hkdf_sha512_expand(key.reveal(), info, kHashSize);
}

}  // namespace

ByteArray<CredentialResponse::kMaskedSize> mask(const Secret& masking_key, const Nonce& masking_nonce,
                                                const ByteArray<CredentialResponse::kMaskedSize>& bytes) {
  Bytes info = to_bytes(masking_nonce);
  append(info, "CredentialResponsePad");
  const auto pad = crypto::hkdf_sha512_expand(masking_key.reveal(), info, bytes.size());
  auto out = bytes;
  for (std::size_t i = 0; i < out.size(); ++i) out[i] ^= pad.reveal()[i];
  return out;
}

Bytes preamble(const Parameters& parameters, const Element& client_public_key, const Ke1& ke1,
               const Element& server_public_key, const Ke2& ke2) {
  Bytes out = to_bytes("OPAQUEv1-");
  append_vector(out, as_bytes(parameters.context));
  append_vector(out, parameters.client_identity ? ByteView(*parameters.client_identity) : ByteView(client_public_key));
  append(out, ke1.serialize());
  append_vector(out, parameters.server_identity ? ByteView(*parameters.server_identity) : ByteView(server_public_key));
  append(out, ke2.response.serialize());
  append(out, ke2.server_nonce);
  append(out, ke2.server_keyshare);
  return out;
}

std::optional<Secret> triple_dh(const Factor& first, const Factor& second, const Factor& third) {
  Secret out(3 * kElementSize);
  auto at = out.writable().begin();
  for (const auto* factor : {&first, &second, &third}) {
    auto product = multiply(factor->private_key, factor->public_key);
    if (!product) return std::nullopt;
    at = std::ranges::copy(*product, at).out;
    wipe(*product);
  }
  return out;
}

SessionKeys derive_keys(const Secret& products, Bytes&& preamble) {
  const auto extracted = crypto::hkdf_sha512_extract({}, products.reveal());
  const auto transcript = crypto::sha512(preamble);
  const auto handshake = derive_secret(extracted, "HandshakeSecret", transcript);
  SessionKeys keys;
  keys.session_key = derive_secret(extracted, "SessionKey", transcript);
  const auto server_key = derive_secret(handshake, "ServerMAC", {});
  const auto client_key = derive_secret(handshake, "ClientMAC", {});
  keys.server_mac = crypto::hmac_sha512(server_key.reveal(), transcript);
  append(preamble, keys.server_mac);
  keys.client_mac = crypto::hmac_sha512(client_key.reveal(), crypto::sha512(preamble));
  return keys;
}

}  // namespace bulla::opaque
