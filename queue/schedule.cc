#include "queue/schedule.h"

#include <algorithm>

namespace bulla::queue {

void Schedule::enter(const MessageId& id, std::uint32_t index, const Recipient& recipient) {
  if (recipient.step.stage == Stage::kRegister) ++stats_.to_register;
  if (recipient.step.stage == Stage::kDeliver) ++stats_.to_deliver;
  if (recipient.claimed) ++stats_.claimed;
  if (recipient.step.stage != Stage::kDone && !recipient.claimed)
    due(recipient.step.stage).emplace(recipient.step.next, id, index);
}

void Schedule::leave(const MessageId& id, std::uint32_t index, const Recipient& recipient) {
  if (recipient.step.stage == Stage::kRegister) --stats_.to_register;
  if (recipient.step.stage == Stage::kDeliver) --stats_.to_deliver;
  if (recipient.claimed) --stats_.claimed;
  due(recipient.step.stage).erase({recipient.step.next, id, index});
}

void Schedule::add(const MessageId& id, Millis accepted, std::vector<Step> steps) {
  const std::lock_guard lock(mutex_);
  auto& message = messages_[id];
  message.accepted = accepted;
  for (const auto& step : steps) {
    message.recipients.push_back({step});
    enter(id, static_cast<std::uint32_t>(message.recipients.size() - 1), message.recipients.back());
  }
  stats_.messages = messages_.size();
}

std::vector<Claim> Schedule::claim(Stage stage, Millis now, std::size_t limit) {
  const std::lock_guard lock(mutex_);
  std::vector<Claim> claims;
  auto& waiting = due(stage);
  while (!waiting.empty() && claims.size() < limit) {
    const auto [next, id, index] = *waiting.begin();
    if (next > now) break;
    auto& message = messages_.find(id)->second;
    auto& recipient = message.recipients[index];
    leave(id, index, recipient);
    recipient.claimed = true;
    enter(id, index, recipient);
    claims.push_back({id, index, message.accepted, recipient.step});
  }
  return claims;
}

void Schedule::hasten(Stage stage, Millis now, Millis longest) {
  const std::lock_guard lock(mutex_);
  auto& waiting = due(stage);
  while (!waiting.empty()) {
    const auto [next, id, index] = *waiting.rbegin();
    if (next <= now || next - now <= longest) return;
    auto& recipient = messages_.find(id)->second.recipients[index];
    leave(id, index, recipient);
    recipient.step.next = now;
    enter(id, index, recipient);
  }
}

std::optional<Millis> Schedule::next_due(Stage stage) const {
  const std::lock_guard lock(mutex_);
  if (due(stage).empty()) return std::nullopt;
  return std::get<0>(*due(stage).begin());
}

void Schedule::release(const Claim& claim, Millis next) {
  const std::lock_guard lock(mutex_);
  const auto found = messages_.find(claim.id);
  if (found == messages_.end() || claim.recipient >= found->second.recipients.size()) return;
  auto& recipient = found->second.recipients[claim.recipient];
  // Another step is somebody else's claim, or nobody's.
  if (!recipient.claimed || recipient.step != claim.step) return;
  leave(claim.id, claim.recipient, recipient);
  recipient.step.next = next;
  recipient.claimed = false;
  enter(claim.id, claim.recipient, recipient);
}

bool Schedule::apply(const MessageId& id, std::span<const Change> changes) {
  const std::lock_guard lock(mutex_);
  const auto found = messages_.find(id);
  if (found == messages_.end()) return false;
  auto& recipients = found->second.recipients;
  const auto known = [&](const Change& change) { return change.recipient < recipients.size(); };
  if (!std::ranges::all_of(changes, known)) return false;
  for (const auto& [index, step] : changes) {
    leave(id, index, recipients[index]);
    recipients[index] = {step, false};
    enter(id, index, recipients[index]);
  }
  return true;
}

std::vector<Step> Schedule::steps(const MessageId& id) const {
  const std::lock_guard lock(mutex_);
  std::vector<Step> steps;
  if (const auto found = messages_.find(id); found != messages_.end())
    for (const auto& recipient : found->second.recipients) steps.push_back(recipient.step);
  return steps;
}

bool Schedule::all_done(const MessageId& id) const {
  return std::ranges::all_of(steps(id), [](const Step& step) { return step.stage == Stage::kDone; });
}

void Schedule::remove(const MessageId& id) {
  const std::lock_guard lock(mutex_);
  const auto found = messages_.find(id);
  if (found == messages_.end()) return;
  for (std::uint32_t index = 0; index < found->second.recipients.size(); ++index)
    leave(id, index, found->second.recipients[index]);
  messages_.erase(found);
  stats_.messages = messages_.size();
}

Stats Schedule::stats() const {
  const std::lock_guard lock(mutex_);
  return stats_;
}

}  // namespace bulla::queue
