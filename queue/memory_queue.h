// MemoryQueue keeps nothing: for tests of what works with a queue.
#pragma once

#include <map>
#include <mutex>

#include "queue/schedule.h"

namespace bulla::queue {

class MemoryQueue final : public Queue {
 public:
  // What is passed must outlive the queue.
  MemoryQueue(Random& random, const Clock& clock) : random_(random), clock_(clock) {}

  Result<std::unique_ptr<Draft>> create(BodyForm form, std::uint64_t expected_size) override;
  std::vector<Claim> claim(Stage stage, Millis now, std::size_t limit) override;
  void hasten(Stage stage, Millis now, Millis longest) override { schedule_.hasten(stage, now, longest); }
  std::optional<Millis> next_due(Stage stage) const override { return schedule_.next_due(stage); }
  void release(const Claim& claim, Millis next) override { schedule_.release(claim, next); }
  Result<> update(const MessageId& id, std::span<const Change> changes, std::optional<ByteView> record) override;
  Result<Secret> record(const MessageId& id) override;
  Result<std::unique_ptr<Body>> body(const MessageId& id) override;
  Stats stats() const override { return schedule_.stats(); }

 private:
  class MemoryDraft;
  struct Message {
    Secret record;
    Bytes body;
  };
  Random& random_;
  const Clock& clock_;
  Schedule schedule_;
  std::mutex mutex_;
  std::map<MessageId, Message> messages_;
};

}  // namespace bulla::queue
