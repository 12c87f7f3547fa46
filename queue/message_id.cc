#include "core/base/encoding.h"
#include "core/base/writer.h"
#include "queue/queue.h"

namespace bulla::queue {

Result<MessageId> MessageId::make(Millis now, Random& random) {
  Bytes bytes;
  append_u64_be(bytes, static_cast<std::uint64_t>(now));
  bytes.erase(bytes.begin(), bytes.begin() + 2);
  BULLA_TRY(const auto tail, random_array<6>(random));
  append(bytes, tail);
  return MessageId(hex(bytes));
}

std::optional<MessageId> MessageId::parse(std::string_view text) {
  if (text.size() != 24 || text.find_first_not_of("0123456789abcdef") != std::string_view::npos) return std::nullopt;
  return MessageId(std::string(text));
}

}  // namespace bulla::queue
