// DurableDraft and DurableBody: the body file of a message in the durable queue, written and read.
#pragma once

#include "core/age/file.h"
#include "queue/durable_queue.h"

namespace bulla::queue {

class DurableDraft final : public Draft {
 public:
  // For kPlain the body begins with an age header to the queue key, and its plaintext with the message's id. A body
  // that outgrows kSmallBody gets a file.
  static Result<std::unique_ptr<Draft>> start(DurableQueue& queue, MessageId id, BodyForm form, std::uint64_t promised);
  ~DurableDraft() override;

  const MessageId& id() const override { return id_; }
  Result<> write(ByteView bytes) override;
  Result<> commit(ByteView record, std::span<const Stage> recipients) override;

 private:
  DurableDraft(DurableQueue& queue, MessageId id, BodyForm form, std::uint64_t promised);
  Result<> begin_sealing();
  Result<> store(ByteView bytes);
  Result<> start_file();
  Result<> commit_files(ByteView record, RecordHead& head);

  DurableQueue& queue_;
  MessageId id_;
  BodyForm form_;
  std::uint64_t promised_;
  Bytes small_;  // as long as there is no file
  std::unique_ptr<WriteFile> file_;
  std::uint64_t size_ = 0;
  std::optional<age::StreamSealer> sealer_;
  bool committed_ = false;
};

// A body of form kPayload, as it lies on the disk.
class StoredBody final : public Body {
 public:
  explicit StoredBody(std::unique_ptr<ReadFile> file) : file_(std::move(file)), buffer_(age::kChunkSize) {}
  Result<ByteView> next() override;

 private:
  std::unique_ptr<ReadFile> file_;
  Bytes buffer_;
};

// A body of form kPlain, decrypted on the way. kAuthentic when it is the body of another message.
class SealedBody final : public Body {
 public:
  SealedBody(std::unique_ptr<ReadFile> file, age::X25519Identity key, MessageId id);
  ~SealedBody() override;
  Result<ByteView> next() override;

 private:
  Result<> take(ByteView bytes);

  std::unique_ptr<ReadFile> file_;
  age::X25519Identity key_;
  MessageId id_;
  bool bound_ = false;  // the id at the start was seen
  Bytes sealed_;
  Bytes plain_;  // wiped before it is filled again
  age::FileOpener opener_;
  bool finished_ = false;
};

}  // namespace bulla::queue
