// FailingQueue stands before another queue and breaks at the Nth operation: for tests of what must survive that.
#pragma once

#include <atomic>

#include "queue/queue.h"

namespace bulla::queue {

class FailingQueue final : public Queue {
 public:
  explicit FailingQueue(Queue& inner) : inner_(inner) {}

  // fail_at: the operation of this number from now (0: the next) fails with `code`, and with `on` all that follow too.
  void fail_at(std::uint64_t number, Code code = Code::kUnavailable, bool on = false);
  // throw_at: the operation of this number from now throws std::bad_alloc.
  void throw_at(std::uint64_t number) { throw_at_ = operations_ + number; }
  // Operations so far that could have failed.
  std::uint64_t operations() const { return operations_; }

  Result<std::unique_ptr<Draft>> create(BodyForm form, std::uint64_t expected_size) override;
  std::vector<Claim> claim(Stage stage, Millis now, std::size_t limit) override {
    return inner_.claim(stage, now, limit);
  }
  void hasten(Stage stage, Millis now, Millis longest) override { inner_.hasten(stage, now, longest); }
  std::optional<Millis> next_due(Stage stage) const override { return inner_.next_due(stage); }
  void release(const Claim& claim, Millis next) override { inner_.release(claim, next); }
  // As the interface says: the new steps count for this process even when it fails.
  Result<> update(const MessageId& id, std::span<const Change> changes, std::optional<ByteView> record) override;
  Result<Secret> record(const MessageId& id) override;
  Result<std::unique_ptr<Body>> body(const MessageId& id) override;
  Stats stats() const override { return inner_.stats(); }

 private:
  class FailingDraft;
  Result<> step();
  Queue& inner_;
  std::atomic<std::uint64_t> operations_ = 0;
  std::atomic<std::uint64_t> fail_from_ = UINT64_MAX;
  std::atomic<std::uint64_t> throw_at_ = UINT64_MAX;
  std::atomic<bool> on_ = false;
  std::atomic<Code> code_ = Code::kUnavailable;
};

}  // namespace bulla::queue
