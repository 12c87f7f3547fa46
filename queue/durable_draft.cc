#include "queue/durable_draft.h"

#include <algorithm>
#include <array>
#include <utility>

#include "core/base/check.h"

namespace bulla::queue {

DurableDraft::DurableDraft(DurableQueue& queue, MessageId id, BodyForm form, std::uint64_t promised)
    : queue_(queue), id_(std::move(id)), form_(form), promised_(promised) {
  queue_.promised_ += promised_;
}

DurableDraft::~DurableDraft() {
  queue_.promised_ -= promised_;
  if (committed_ || !file_) return;
  file_.reset();
  // If this fails, the file is an orphan, which the next start removes.
  (void)queue_.files_.remove(queue_.path(id_, ".body"));
}

Result<std::unique_ptr<Draft>> DurableDraft::start(DurableQueue& queue, MessageId id, BodyForm form,
                                                   std::uint64_t promised) {
  std::unique_ptr<DurableDraft> draft(new DurableDraft(queue, std::move(id), form, promised));
  if (form == BodyForm::kPlain) BULLA_CHECK_OK(draft->begin_sealing());
  return draft;
}

Result<> DurableDraft::begin_sealing() {
  BULLA_TRY(const auto file_key, random_secret(queue_.random_, age::kFileKeySize));
  const std::array<const age::Recipient*, 1> recipients = {&queue_.key_.recipient()};
  BULLA_TRY(const auto header, age::write_header(file_key.reveal(), recipients, queue_.random_));
  BULLA_CHECK_OK(store(header));
  BULLA_TRY(auto sealer, age::StreamSealer::start(file_key.reveal(), queue_.random_,
                                                  [this](ByteView bytes) { return store(bytes); }));
  sealer_.emplace(std::move(sealer));
  return sealer_->write(as_bytes(id_.text()));
}

Result<> DurableDraft::store(ByteView bytes) {
  if (!file_ && small_.size() + bytes.size() > kSmallBody) BULLA_CHECK_OK(start_file());
  size_ += bytes.size();
  if (file_) return file_->write(bytes);
  append(small_, bytes);
  return {};
}

Result<> DurableDraft::start_file() {
  BULLA_TRY(file_, queue_.files_.create(queue_.path(id_, ".body")));
  return file_->write(std::exchange(small_, {}));
}

Result<> DurableDraft::write(ByteView bytes) {
  return sealer_ ? sealer_->write(bytes) : store(bytes);
}

Result<> DurableDraft::commit(ByteView record, std::span<const Stage> recipients) {
  BULLA_ASSERT(!committed_ && !recipients.empty() && recipients.size() <= kMaxRecipients);
  BULLA_ASSERT(std::ranges::find(recipients, Stage::kDone) == recipients.end());
  if (sealer_) BULLA_CHECK_OK(sealer_->finish());
  RecordHead head;
  head.form = form_;
  head.place = file_ ? BodyPlace::kOwnFile : BodyPlace::kInside;
  head.accepted = queue_.clock_.now();
  head.body_size = size_;
  for (const auto stage : recipients) head.steps.push_back({stage, 0, head.accepted});
  if (auto result = commit_files(record, head); !result) {
    (void)queue_.files_.remove(queue_.path(id_, ".record"));
    (void)queue_.files_.remove(queue_.path(id_, ".new"));
    return result;
  }
  committed_ = true;
  auto message = std::make_shared<DurableQueue::Message>();
  message->head = head;
  {
    const std::lock_guard lock(queue_.mutex_);
    queue_.messages_[id_] = std::move(message);
  }
  queue_.schedule_.add(id_, head.accepted, head.steps);
  return {};
}

Result<> DurableDraft::commit_files(ByteView record, RecordHead& head) {
  BULLA_TRY(auto sealed, queue_.seal(id_, record));
  if (file_) BULLA_CHECK_OK(file_->sync());
  return queue_.write_record(id_, head, {std::move(sealed), std::move(small_)});
}

Result<ByteView> StoredBody::next() {
  BULLA_TRY(const auto size, file_->read(buffer_));
  return ByteView(buffer_).first(size);
}

SealedBody::SealedBody(std::unique_ptr<ReadFile> file, age::X25519Identity key, MessageId id)
    : file_(std::move(file)),
      key_(std::move(key)),
      id_(std::move(id)),
      sealed_(age::kChunkSize),
      opener_({&key_}, [this](ByteView bytes) { return take(bytes); }) {
  // Never moved by growing, so that no copy of the text is left behind.
  plain_.reserve(4 * age::kChunkSize);
}

SealedBody::~SealedBody() {
  wipe(plain_);
}

Result<> SealedBody::take(ByteView bytes) {
  if (!bound_) {
    // It stands in the first chunk, which comes as a whole.
    const auto own = as_bytes(id_.text());
    if (bytes.size() < own.size() || !equal_public(bytes.first(own.size()), own))
      return fail(Code::kAuthentic, "the body of " + id_.text() + " is another message's");
    bytes = bytes.subspan(own.size());
    bound_ = true;
  }
  append(plain_, bytes);
  return {};
}

Result<ByteView> SealedBody::next() {
  wipe(MutableBytes(plain_));
  plain_.clear();
  while (plain_.empty() && !finished_) {
    BULLA_TRY(const auto size, file_->read(sealed_));
    if (size != 0) {
      BULLA_CHECK_OK(opener_.write(ByteView(sealed_).first(size)));
    } else {
      BULLA_CHECK_OK(opener_.finish());
      finished_ = true;
    }
  }
  return ByteView(plain_);
}

}  // namespace bulla::queue
