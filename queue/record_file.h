// The two small files of a message in the durable queue: the record file, rewritten as a whole, and the step log, which
// is only appended to. See durable_queue.h for how they work together.
//
// Record file: "bulla-queue-1\n", form (1 byte), time of acceptance (8), size of the body file (8), generation (4),
// number of recipients (4); for each recipient stage (1), attempts (4), not before (8); SHA-256 of all that; the
// record, sealed. Step log: entries of 24 bytes: recipient (4), attempts (4), stage (1), not before (8), first 7 bytes
// of the SHA-256 of these 17. Integers are big-endian.
#pragma once

#include "queue/file_system.h"
#include "queue/queue.h"

namespace bulla::queue {

enum class BodyPlace : std::uint8_t { kOwnFile = 1, kInside = 2 };

struct RecordHead {
  BodyForm form = BodyForm::kPayload;
  BodyPlace place = BodyPlace::kOwnFile;
  Millis accepted = 0;
  std::uint64_t body_size = 0;
  std::uint32_t record_size = 0;
  std::uint32_t generation = 0;  // of this file; the step log of the same number belongs to it
  std::vector<Step> steps;
};

Bytes write_head(const RecordHead& head);
// head_size and file_size are those of the head and of the whole record file.
std::size_t head_size(const RecordHead& head);
std::uint64_t file_size(const RecordHead& head);
// read_head reads the head and leaves the file at the record. kInvalid when the file is damaged or cut off.
Result<RecordHead> read_head(ReadFile& file);

constexpr std::size_t kLogEntry = 24;
Bytes write_log_entry(const Change& change);
struct StepLog {
  std::vector<Change> changes;
  bool whole = true;  // false: something behind the last change is not an entry (a write that did not end)
};
StepLog read_log(ByteView bytes, std::size_t recipients);

}  // namespace bulla::queue
