// DurableQueue: the queue on a disk. One folder, and for each message
//
//   ID.record      steps, record, and a small body (record_file.h); replaced by writing ID.new and renaming it
//   ID.body        a body of more than kSmallBody, written once, before the record file
//   ID.log.N       steps that changed since generation N of the record file was written; appended
//
// A message exists when its record file does. Taking a message in costs an fsync of one file (two if it is large) and a
// share of one of the directory (GroupSync). At the start, bodies without a record file and logs of another generation
// are removed; a torn entry at the end of a log is dropped. What cannot be read is left where it is, reported, and not
// worked on.
//
// The record is an age file to the queue key. A body of form kPlain is one too; a body of form kPayload is stored as it
// comes. The queue key is kept outside of the folder. Both age files begin with the message's id: somebody who can
// write to the folder cannot have one message's body go to the recipients of another.
#pragma once

#include <atomic>
#include <map>

#include "core/age/x25519.h"
#include "queue/file_system.h"
#include "queue/group_sync.h"
#include "queue/record_file.h"
#include "queue/schedule.h"

namespace bulla::queue {

constexpr std::size_t kSmallBody = 64 * 1024;

struct DurableQueueOptions {
  std::string directory;                 // made if missing; its parent must exist
  std::uint64_t reserve = 64ull << 20;   // bytes of the disk that stay free: create() fails below
  std::size_t max_messages = 1'000'000;  // create() fails beyond
};

// What was found at the start.
struct Recovery {
  std::size_t messages = 0;
  std::size_t leftovers = 0;         // files of messages that were never acknowledged, or were done; removed
  std::vector<std::string> damaged;  // "ID: what is wrong"; left as they are
};

class DurableQueue final : public Queue {
 public:
  // open takes the folder for this process alone (kConflict when another one has it) and recovers what is in it.
  // Everything that is passed by reference must outlive the queue.
  static Result<std::unique_ptr<DurableQueue>> open(FileSystem& files, DurableQueueOptions options,
                                                    age::X25519Identity key, Random& random, const Clock& clock);
  ~DurableQueue() override;

  const Recovery& recovery() const { return recovery_; }

  Result<std::unique_ptr<Draft>> create(BodyForm form, std::uint64_t expected_size) override;
  std::vector<Claim> claim(Stage stage, Millis now, std::size_t limit) override;
  void hasten(Stage stage, Millis now, Millis longest) override;
  std::optional<Millis> next_due(Stage stage) const override;
  void release(const Claim& claim, Millis next) override;
  Result<> update(const MessageId& id, std::span<const Change> changes, std::optional<ByteView> record) override;
  Result<Secret> record(const MessageId& id) override;
  Result<std::unique_ptr<Body>> body(const MessageId& id) override;
  Stats stats() const override { return schedule_.stats(); }

 private:
  friend class DurableDraft;
  // What is known of a message besides its steps. Its mutex is held while its files are changed or its record is read.
  struct Message {
    std::mutex mutex;
    RecordHead head;  // its steps are those of the file; the schedule has the current ones
    bool log_exists = false;
    std::uint32_t first_log = 0;  // the lowest generation whose log may lie on the disk
    bool rewrite = false;         // the log or the file may be broken: write the record file anew at the next change
    bool gone = false;
  };

  DurableQueue(FileSystem& files, DurableQueueOptions options, age::X25519Identity key, Random& random,
               const Clock& clock);
  std::string path(const MessageId& id, std::string_view suffix) const;
  std::string log_path(const MessageId& id, std::uint32_t generation) const;
  std::shared_ptr<Message> find(const MessageId& id) const;
  void forget(const MessageId& id);

  Result<> recover();
  Result<> recover_message(const MessageId& id, const std::vector<std::string>& names);
  Result<> load(const MessageId& id, const std::vector<std::string>& names);
  void remove_leftover(const std::string& name);

  Result<Bytes> seal(const MessageId& id, ByteView record);
  // Parts are what a record file holds besides its head.
  struct Parts {
    Bytes sealed_record;
    Bytes body;  // empty unless it is inside
  };
  Result<Parts> read_parts(const MessageId& id);
  // write_record writes the record file durably; rewrite does it with new steps, a new generation and perhaps a new
  // record.
  Result<> write_record(const MessageId& id, RecordHead& head, const Parts& parts);
  Result<> rewrite(const MessageId& id, Message& message, std::vector<Step> steps, std::optional<ByteView> record);
  Result<> append_log(const MessageId& id, Message& message, std::span<const Change> changes, bool durable);
  // remove_logs removes those of generations below `end`; what cannot be removed now is tried again the next time.
  void remove_logs(const MessageId& id, Message& message, std::uint32_t end);
  Result<> remove_message(const MessageId& id, Message& message);
  Result<> persist(const MessageId& id, Message& message, std::span<const Change> changes,
                   std::optional<ByteView> record);

  FileSystem& files_;
  DurableQueueOptions options_;
  age::X25519Identity key_;
  Random& random_;
  const Clock& clock_;
  std::unique_ptr<FileLock> lock_;
  GroupSync directory_;
  Schedule schedule_;
  Recovery recovery_;
  std::atomic<std::uint64_t> promised_ = 0;  // bytes of drafts under way
  mutable std::mutex mutex_;
  std::map<MessageId, std::shared_ptr<Message>> messages_;
};

}  // namespace bulla::queue
