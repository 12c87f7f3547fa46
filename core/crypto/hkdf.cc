#include "core/crypto/hkdf.h"

#include <algorithm>

#include "core/base/check.h"
#include "core/crypto/hash.h"

namespace bulla::crypto {
namespace {

// T(i) = HMAC(PRK, T(i-1) ‖ info ‖ i), and the output is T(1) ‖ T(2) ‖ ... cut to length (RFC 5869 §2.3).
template <class Digest, Digest (*hmac)(ByteView, ByteView)>
Secret expand(ByteView pseudorandom_key, ByteView info, std::size_t length) {
  constexpr std::size_t kDigest = std::tuple_size_v<Digest>;
  BULLA_ASSERT(length <= 255 * kDigest);
  Secret out(length);
  Digest block{};
  WipeOnExit wipe_block{MutableBytes(block)};
  Secret input(kDigest + info.size() + 1);
  auto bytes = input.writable();
  std::ranges::copy(info, bytes.begin() + kDigest);
  for (std::size_t done = 0, i = 1; done < length; ++i) {
    bytes.back() = static_cast<std::uint8_t>(i);
    block = hmac(pseudorandom_key, i == 1 ? bytes.subspan(kDigest) : bytes);
    std::ranges::copy(block, bytes.begin());
    auto n = std::min(kDigest, length - done);
    std::copy_n(block.begin(), n, out.writable().begin() + static_cast<std::ptrdiff_t>(done));
    done += n;
  }
  return out;
}

}  // namespace

Secret hkdf_sha256(ByteView input_key, ByteView salt, std::string_view info, std::size_t length) {
  auto pseudorandom_key = hmac_sha256(salt, input_key);
  WipeOnExit wipe_key{MutableBytes(pseudorandom_key)};
  return expand<Sha256Digest, hmac_sha256>(pseudorandom_key, as_bytes(info), length);
}

Secret hkdf_sha512_extract(ByteView salt, ByteView input_key) {
  auto pseudorandom_key = hmac_sha512(salt, input_key);
  WipeOnExit wipe_key{MutableBytes(pseudorandom_key)};
  return Secret::copy_of(pseudorandom_key);
}

Secret hkdf_sha512_expand(ByteView pseudorandom_key, ByteView info, std::size_t length) {
  return expand<Sha512Digest, hmac_sha512>(pseudorandom_key, info, length);
}

}  // namespace bulla::crypto
