// The oblivious pseudorandom function of OPAQUE: RFC 9497, mode OPRF, suite ristretto255-SHA512.
//
// The client blinds its input, the server evaluates the blinded element with its key, and the client takes the blind
// away and hashes. The server learns nothing of the input, the client nothing of the key.
#pragma once

#include "core/opaque/group.h"

namespace bulla::opaque {

constexpr std::size_t kOprfOutputSize = 64;
constexpr std::size_t kMaxOprfInput = 1024;

struct Blinded {
  Secret blind;  // stays with the client
  Element element{};
};

// oprf_blind draws a blind and hides `input` behind it. kInvalid: input longer than kMaxOprfInput.
Result<Blinded> oprf_blind(ByteView input, Random& random);

// oprf_evaluate is the server's part. kInvalid: `blinded` is no element, or the identity.
Result<Element> oprf_evaluate(const Secret& key, const Element& blinded);

// oprf_finalize returns the function's value, kOprfOutputSize bytes. kInvalid: `evaluated` is no element.
Result<Secret> oprf_finalize(ByteView input, const Secret& blind, const Element& evaluated);

}  // namespace bulla::opaque
