// Internal to opaque/: the authenticated key exchange 3DH (RFC 9807 §6.4), the part that both sides compute alike.
#pragma once

#include "core/opaque/messages.h"
#include "core/opaque/parameters.h"

namespace bulla::opaque {

constexpr std::string_view kKeyShareInfo = "OPAQUE-DeriveDiffieHellmanKeyPair";

// mask is its own inverse: it hides and uncovers server_public_key ‖ envelope in a credential response.
ByteArray<CredentialResponse::kMaskedSize> mask(const Secret& masking_key, const Nonce& masking_nonce,
                                                const ByteArray<CredentialResponse::kMaskedSize>& bytes);

// preamble is the text of what both sides have seen, up to the server's key share (RFC 9807 §6.4.2.1).
Bytes preamble(const Parameters& parameters, const Element& client_public_key, const Ke1& ke1,
               const Element& server_public_key, const Ke2& ke2);

// Factor is one Diffie-Hellman product: a private key of ours and a public key of theirs.
struct Factor {
  const Secret& private_key;
  const Element& public_key;
};

// triple_dh joins the three products, 96 bytes; nothing when a public key is not valid.
std::optional<Secret> triple_dh(const Factor& first, const Factor& second, const Factor& third);

struct SessionKeys {
  Mac server_mac{};
  Mac client_mac{};    // what the client must answer
  Secret session_key;  // kHashSize bytes
};

// derive_keys makes MACs and session key of the three Diffie-Hellman products, which stand in the order of RFC 9807
// §6.4.3 and §6.4.4. The preamble is taken over.
SessionKeys derive_keys(const Secret& products, Bytes&& preamble);

}  // namespace bulla::opaque
