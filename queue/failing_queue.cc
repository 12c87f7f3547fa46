#include "queue/failing_queue.h"

#include <new>

namespace bulla::queue {

class FailingQueue::FailingDraft final : public Draft {
 public:
  FailingDraft(FailingQueue& queue, std::unique_ptr<Draft> inner) : queue_(queue), inner_(std::move(inner)) {}
  const MessageId& id() const override { return inner_->id(); }
  Result<> write(ByteView bytes) override {
    BULLA_CHECK_OK(queue_.step());
    return inner_->write(bytes);
  }
  Result<> commit(ByteView record, std::span<const Stage> recipients) override {
    BULLA_CHECK_OK(queue_.step());
    return inner_->commit(record, recipients);
  }

 private:
  FailingQueue& queue_;
  std::unique_ptr<Draft> inner_;
};

void FailingQueue::fail_at(std::uint64_t number, Code code, bool on) {
  code_ = code;
  on_ = on;
  fail_from_ = operations_ + number;
}

Result<> FailingQueue::step() {
  const auto number = operations_++;
  if (number == throw_at_) throw std::bad_alloc();
  const auto from = fail_from_.load();
  if (number == from || (on_ && number > from)) return fail(code_, "the test broke the queue here");
  return {};
}

Result<std::unique_ptr<Draft>> FailingQueue::create(BodyForm form, std::uint64_t expected_size) {
  BULLA_CHECK_OK(step());
  BULLA_TRY(auto draft, inner_.create(form, expected_size));
  return std::make_unique<FailingDraft>(*this, std::move(draft));
}

Result<> FailingQueue::update(const MessageId& id, std::span<const Change> changes, std::optional<ByteView> record) {
  const auto broken = step();
  const auto done = inner_.update(id, changes, record);
  return broken ? done : broken;
}

Result<Secret> FailingQueue::record(const MessageId& id) {
  BULLA_CHECK_OK(step());
  return inner_.record(id);
}

Result<std::unique_ptr<Body>> FailingQueue::body(const MessageId& id) {
  BULLA_CHECK_OK(step());
  return inner_.body(id);
}

}  // namespace bulla::queue
