#include "gateway/house.h"

#include "core/base/encoding.h"
#include "core/crypto/hash.h"

namespace bulla::gateway {

std::vector<queue::Claim> House::claim(queue::Stage stage, std::size_t limit) const {
  const auto now = clock.now();
  queue.hasten(stage, now, settings.queue.retry_max + kMinute);
  return queue.claim(stage, now, limit);
}

std::string log_hash(const Keys& keys, std::string_view envelope_id) {
  const auto key = crypto::hmac_sha256(keys.reply_secret.reveal(), as_bytes("bulla/v1/log"));
  return hex(ByteView(crypto::hmac_sha256(key, as_bytes(envelope_id))).first(8));
}

}  // namespace bulla::gateway
