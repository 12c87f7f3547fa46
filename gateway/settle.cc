#include "gateway/settle.h"

#include <algorithm>
#include <array>
#include <functional>
#include <mutex>

namespace bulla::gateway {
namespace {

using queue::Change;
using queue::Claim;
using queue::Stage;
using queue::Step;

constexpr std::uint32_t kSoonTimes = 5;

Step next_stage(const House& house, const Claim& claim) {
  const bool registered = claim.step.stage == Stage::kRegister;
  return {registered ? Stage::kDeliver : Stage::kDone, 0, house.clock.now()};
}

Step later(const House& house, const Claim& claim, bool soon) {
  const auto failures = claim.step.attempts + 1;
  const bool at_once = soon && failures <= kSoonTimes;
  const Millis delay = at_once ? 0 : house.backoff().delay(failures, house.random);
  return {claim.step.stage, failures, house.clock.now() + delay};
}

Failure failure(const Loaded& message, const Attempt& attempt, bool expired) {
  const auto& address = message.record.recipients[attempt.claim.recipient].address;
  if (!expired) return {address, attempt.status, attempt.diagnostic};
  return {address, "5.4.7", "given up, the last answer was: " + attempt.diagnostic};
}

// Two that settle the same message must not overwrite each other's records.
std::mutex& record_mutex(const queue::MessageId& id) {
  static std::array<std::mutex, 64> mutexes;
  return mutexes[std::hash<std::string>()(id.text()) % mutexes.size()];
}

bool holds_used_share(const Loaded& message, const Attempt& attempt) {
  const bool waits = attempt.ending == Ending::kAgain || attempt.ending == Ending::kSoon;
  return waits && attempt.claim.step.stage == Stage::kDeliver &&
         !message.record.recipients[attempt.claim.recipient].server_share.empty();
}

// update_without_shares takes the shares of all changed recipients out of the record as it is now.
Result<> update_without_shares(const House& house, const queue::MessageId& id, const std::vector<Change>& changes) {
  const std::lock_guard lock(record_mutex(id));
  const auto bytes = house.queue.record(id);
  auto record = bytes ? decode(bytes->reveal()) : Result<Record>(fail(bytes.error()));
  // The steps count even when the record cannot be read; then the shares stay where they are.
  if (!record) return house.queue.update(id, changes);
  for (const auto& change : changes) {
    if (change.step.stage == Stage::kDeliver) record->recipients[change.recipient].server_share = Secret();
  }
  return house.queue.update(id, changes, encode(*record).reveal());
}

// Sorted is what becomes of attempts: changes that are known at once, and recipients whose sender must be told first.
struct Sorted {
  std::vector<Change> changes;
  std::vector<Failure> failures;
  std::vector<const Attempt*> failed;
};

Sorted sort(const House& house, const Loaded& message, const std::vector<Attempt>& attempts) {
  Sorted out;
  for (const auto& attempt : attempts) {
    const auto& claim = attempt.claim;
    const bool waits = attempt.ending == Ending::kAgain || attempt.ending == Ending::kSoon;
    const bool expired = waits && house.expired(message.accepted);
    if (attempt.ending == Ending::kNext) {
      out.changes.push_back({claim.recipient, next_stage(house, claim)});
    } else if (waits && !expired) {
      out.changes.push_back({claim.recipient, later(house, claim, attempt.ending == Ending::kSoon)});
    } else {
      out.failures.push_back(failure(message, attempt, expired));
      out.failed.push_back(&attempt);
    }
  }
  return out;
}

}  // namespace

std::vector<Change> settle(const House& house, const Loaded& message, const std::vector<Attempt>& attempts) {
  auto sorted = sort(house, message, attempts);
  if (!sorted.failures.empty()) {
    const auto told = queue_bounce(house, message.record, message.accepted, sorted.failures);
    if (!told) house.log.error("bounce.failed", told.error(), {{"queue_id", message.id.text()}});
    // A sender who could not be told now is told later: the recipient stays.
    for (const auto* attempt : sorted.failed)
      sorted.changes.push_back({attempt->claim.recipient, told ? Step{} : later(house, attempt->claim, false)});
  }
  const auto used = [&](const Attempt& attempt) { return holds_used_share(message, attempt); };
  const auto update = std::ranges::any_of(attempts, used) ? update_without_shares(house, message.id, sorted.changes)
                                                          : house.queue.update(message.id, sorted.changes);
  if (!update) house.log.error("queue.update_failed", update.error(), {{"queue_id", message.id.text()}});
  return std::move(sorted.changes);
}

}  // namespace bulla::gateway
