#include "gateway/settle.h"

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

}  // namespace

void settle(const House& house, Loaded& message, const std::vector<Attempt>& attempts) {
  std::vector<Change> changes;
  std::vector<Failure> failures;
  std::vector<const Attempt*> failed;
  bool shares_gone = false;
  for (const auto& attempt : attempts) {
    const auto& claim = attempt.claim;
    const bool expired = attempt.ending != Ending::kFail && house.expired(message.accepted);
    if (attempt.ending == Ending::kNext) {
      changes.push_back({claim.recipient, next_stage(house, claim)});
      if (claim.step.stage == Stage::kRegister) {
        message.record.recipients[claim.recipient].server_share = Secret();
        shares_gone = true;
      }
    } else if (attempt.ending == Ending::kFail || expired) {
      failures.push_back(failure(message, attempt, expired));
      failed.push_back(&attempt);
    } else {
      changes.push_back({claim.recipient, later(house, claim, attempt.ending == Ending::kSoon)});
    }
  }
  if (!failures.empty()) {
    const auto told = queue_bounce(house, message.record, message.accepted, failures);
    if (!told) house.log.error("bounce.failed", told.error(), {{"queue_id", message.id.text()}});
    // A sender who could not be told now is told later: the recipient stays.
    for (const auto* attempt : failed)
      changes.push_back({attempt->claim.recipient, told ? Step{} : later(house, attempt->claim, false)});
  }
  const auto record = shares_gone ? encode(message.record) : Secret();
  const auto update =
      house.queue.update(message.id, changes, shares_gone ? std::optional(record.reveal()) : std::nullopt);
  if (!update) house.log.error("queue.update_failed", update.error(), {{"queue_id", message.id.text()}});
}

}  // namespace bulla::gateway
