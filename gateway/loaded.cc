#include "gateway/loaded.h"

#include <algorithm>
#include <utility>

namespace bulla::gateway {

std::vector<std::vector<queue::Claim>> group(std::vector<queue::Claim> claims) {
  std::vector<std::vector<queue::Claim>> groups;
  std::ranges::sort(claims, {}, [](const queue::Claim& claim) { return std::pair(claim.id, claim.recipient); });
  for (auto& claim : claims) {
    if (groups.empty() || groups.back().front().id != claim.id) groups.emplace_back();
    groups.back().push_back(std::move(claim));
  }
  return groups;
}

std::optional<Loaded> load(const House& house, const std::vector<queue::Claim>& claims) {
  const auto& first = claims.front();
  auto bytes = house.queue.record(first.id);
  auto record = bytes ? decode(bytes->reveal()) : Result<Record>(fail(bytes.error()));
  const auto there = [&](const queue::Claim& claim) { return claim.recipient < record->recipients.size(); };
  if (record && !std::ranges::all_of(claims, there))
    record = fail(Code::kInternal, "the record has too few recipients");
  const auto lacks_share = [&](const queue::Claim& claim) {
    return claim.step.stage == queue::Stage::kRegister &&
           (!record->sealed || record->recipients[claim.recipient].server_share.empty());
  };
  if (record && std::ranges::any_of(claims, lacks_share))
    record = fail(Code::kInternal, "the record has no share left");
  if (!record) {
    house.log.error("queue.unreadable", record.error(), {{"queue_id", first.id.text()}});
    if (record.error().code == Code::kUnavailable) house.try_later(claims);
    return std::nullopt;
  }
  return Loaded{first.id, first.accepted, std::move(*record), claims};
}

}  // namespace bulla::gateway
