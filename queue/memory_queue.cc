#include "queue/memory_queue.h"

#include <algorithm>

namespace bulla::queue {
namespace {

class MemoryBody final : public Body {
 public:
  explicit MemoryBody(Bytes bytes) : bytes_(std::move(bytes)) {}
  Result<ByteView> next() override {
    const auto rest = ByteView(bytes_).subspan(at_);
    const auto piece = rest.first(std::min<std::size_t>(rest.size(), 64 * 1024));
    at_ += piece.size();
    return piece;
  }

 private:
  Bytes bytes_;
  std::size_t at_ = 0;
};

auto no_message(const MessageId& id) {
  return fail(Code::kNotFound, "there is no message " + id.text());
}

}  // namespace

class MemoryQueue::MemoryDraft final : public Draft {
 public:
  MemoryDraft(MemoryQueue& queue, MessageId id) : queue_(queue), id_(std::move(id)) {}
  const MessageId& id() const override { return id_; }
  Result<> write(ByteView bytes) override {
    append(body_, bytes);
    return {};
  }
  Result<> commit(ByteView record, std::span<const Stage> recipients) override {
    const Millis now = queue_.clock_.now();
    std::vector<Step> steps;
    for (const auto stage : recipients) steps.push_back({stage, 0, now});
    {
      const std::lock_guard lock(queue_.mutex_);
      queue_.messages_[id_] = {Secret::copy_of(record), std::move(body_)};
    }
    queue_.schedule_.add(id_, now, std::move(steps));
    return {};
  }

 private:
  MemoryQueue& queue_;
  MessageId id_;
  Bytes body_;
};

Result<std::unique_ptr<Draft>> MemoryQueue::create(BodyForm, std::uint64_t) {
  BULLA_TRY(auto id, MessageId::make(clock_.now(), random_));
  return std::make_unique<MemoryDraft>(*this, std::move(id));
}

std::vector<Claim> MemoryQueue::claim(Stage stage, Millis now, std::size_t limit) {
  return schedule_.claim(stage, now, limit);
}

Result<> MemoryQueue::update(const MessageId& id, std::span<const Change> changes, std::optional<ByteView> record) {
  const auto count = schedule_.steps(id).size();
  if (count == 0) return no_message(id);
  if (!schedule_.apply(id, changes)) return fail(Code::kInvalid, "message " + id.text() + " has no such recipient");
  const std::lock_guard lock(mutex_);
  if (record) messages_[id].record = Secret::copy_of(*record);
  if (!schedule_.all_done(id)) return {};
  schedule_.remove(id);
  messages_.erase(id);
  return {};
}

Result<Secret> MemoryQueue::record(const MessageId& id) {
  const std::lock_guard lock(mutex_);
  const auto found = messages_.find(id);
  if (found == messages_.end()) return no_message(id);
  return found->second.record.clone();
}

Result<std::unique_ptr<Body>> MemoryQueue::body(const MessageId& id) {
  const std::lock_guard lock(mutex_);
  const auto found = messages_.find(id);
  if (found == messages_.end()) return no_message(id);
  return std::make_unique<MemoryBody>(found->second.body);
}

}  // namespace bulla::queue
