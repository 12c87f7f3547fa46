#include "core/opaque/oprf.h"

#include <algorithm>

#include "core/base/check.h"
#include "core/base/writer.h"
#include "core/crypto/hash.h"

namespace bulla::opaque {

Result<Blinded> oprf_blind(ByteView input, Random& random) {
  if (input.size() > kMaxOprfInput) return fail(Code::kInvalid, "a password is longer than 1024 bytes");
  BULLA_TRY(auto blind, random_scalar(random));
  auto hashed = hash_to_group(input);
  Element point{};
  WipeOnExit wipe_point(point);
  std::ranges::copy(hashed.reveal(), point.begin());
  auto element = multiply(blind, point);
  if (!element) return fail(Code::kInvalid, "a password maps to the identity");
  return Blinded{std::move(blind), *element};
}

Result<Element> oprf_evaluate(const Secret& key, const Element& blinded) {
  auto evaluated = multiply(key, blinded);
  if (!evaluated) return fail(Code::kInvalid, "a blinded element is not valid");
  return *evaluated;
}

Result<Secret> oprf_finalize(ByteView input, const Secret& blind, const Element& evaluated) {
  BULLA_ASSERT(input.size() <= kMaxOprfInput);
  auto unblinded = multiply(invert(blind), evaluated);
  if (!unblinded) return fail(Code::kInvalid, "an evaluated element is not valid");
  WipeOnExit wipe_unblinded(*unblinded);
  Bytes hashed;
  append_u16_be(hashed, static_cast<std::uint16_t>(input.size()));
  append(hashed, input);
  append_u16_be(hashed, kElementSize);
  append(hashed, *unblinded);
  append(hashed, "Finalize");
  auto digest = crypto::sha512(hashed);
  wipe(hashed);
  WipeOnExit wipe_digest(digest);
  return Secret::copy_of(digest);
}

}  // namespace bulla::opaque
