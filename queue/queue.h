// Queue: keeps accepted messages until each recipient is done with. Whatever a queue writes is encrypted.
//
//   auto draft = queue.create(BodyForm::kPayload, size);      // take a message in
//   draft->write(...); draft->write(...);
//   draft->commit(record, {Stage::kRegister});                // durable: now the client may get its 250
//
//   for (auto& claim : queue.claim(Stage::kDeliver, now, 10)) // work on it
//     ... queue.record(claim.id), queue.body(claim.id) ...
//     queue.update(claim.id, {{claim.recipient, {Stage::kDone}}});
//
// A message is a *body* (large, written once), a *record* (small: all that its owner must know to go on, in the owner's
// own encoding) and a *step* for each recipient. The queue looks into none of the first two.
//
// Promises of every implementation:
//  - What commit() and update() have acknowledged survives a crash at any moment; what was not acknowledged may or may
//    not, but never in part. Only what ends a recipient, or comes with a record, has to be durable: attempts, times and
//    the step from kRegister to kDeliver may be lost in a crash, since doing these again does no harm.
//  - A claimed recipient is claimed by nobody else until update() or release(). A restart forgets claims.
//  - A message whose recipients are all done is removed.
//  - Errors: kTooMany when there is no room (answer 452 4.3.1), kNotFound when there is no such message, kAuthentic
//  when
//    what was stored does not decrypt, kUnavailable when the disk does not work.
// Threads: any number. Calls may block on the disk.
#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/base/random.h"
#include "core/base/result.h"
#include "core/base/secret.h"

namespace bulla::queue {

// MessageId is 24 lower-case hexadecimal digits, of which the first 12 are the time of acceptance in milliseconds. It
// is no secret: it stands in logs, and in the answer to the client.
class MessageId {
 public:
  static Result<MessageId> make(Millis now, Random& random);
  static std::optional<MessageId> parse(std::string_view text);
  const std::string& text() const { return text_; }
  auto operator<=>(const MessageId&) const = default;

 private:
  explicit MessageId(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

// Stage is what is to be done next for a recipient.
enum class Stage : std::uint8_t { kRegister = 1, kDeliver = 2, kDone = 3 };

struct Step {
  Stage stage = Stage::kDone;
  std::uint32_t attempts = 0;  // that failed, in this stage
  Millis next = 0;             // not before
  bool operator==(const Step&) const = default;
};

// Change is a new step for one recipient (by its index in the message).
struct Change {
  std::uint32_t recipient = 0;
  Step step;
};

// Claim is one recipient that somebody is working on.
struct Claim {
  MessageId id;
  std::uint32_t recipient = 0;
  Millis accepted = 0;  // when the message was taken
  Step step;
};

enum class BodyForm : std::uint8_t {
  kPayload = 1,  // ciphertext already, of a key that the queue does not have: stored as it is
  kPlain = 2,    // encrypted by the queue
};

// Draft is a message that is being taken in. Dropped before commit() succeeded, it leaves nothing behind.
class Draft {
 public:
  virtual ~Draft() = default;
  virtual const MessageId& id() const = 0;
  virtual Result<> write(ByteView bytes) = 0;
  // commit makes the message durable, with one step for each recipient (1 to kMaxRecipients, none of them done), due at
  // once. After an error the message is not in the queue, and the draft can only be dropped.
  virtual Result<> commit(ByteView record, std::span<const Stage> recipients) = 0;
};

// Body gives the body as it was written to the draft, piece by piece.
class Body {
 public:
  virtual ~Body() = default;
  // next returns the next piece, good until the next call; an empty one at the end. With BodyForm::kPlain the pieces
  // are authentic one by one, and complete only when the empty one has come.
  virtual Result<ByteView> next() = 0;
};

struct Stats {
  std::size_t messages = 0;
  std::size_t to_register = 0;  // recipients
  std::size_t to_deliver = 0;   // recipients
  std::size_t claimed = 0;      // of both
};

constexpr std::size_t kMaxRecipients = 10'000;
constexpr std::size_t kMaxRecord = 64 << 20;

class Queue {
 public:
  virtual ~Queue() = default;

  // create starts a message; kTooMany when there would be no room for `expected_size` bytes of body.
  virtual Result<std::unique_ptr<Draft>> create(BodyForm form, std::uint64_t expected_size) = 0;

  // claim takes up to `limit` recipients of this stage that are due, those first that have been due for longest.
  virtual std::vector<Claim> claim(Stage stage, Millis now, std::size_t limit) = 0;
  // hasten makes everybody of this stage who would have to wait for longer than `longest` due now: the clock was put
  // back after their times were written down.
  virtual void hasten(Stage stage, Millis now, Millis longest) = 0;
  // next_due is when the next unclaimed recipient of this stage is due.
  virtual std::optional<Millis> next_due(Stage stage) const = 0;
  // release gives a claim back that has come to nothing: the recipient stays where it was, and is due at `next`. Only
  // in memory, so that it works when the disk does not. Does nothing for a claim that update() has given back.
  virtual void release(const Claim& claim, Millis next) = 0;

  // update changes steps and gives the claims back; with a record, it replaces the record in the same act. If it fails,
  // this process goes on with the new steps all the same (what was delivered is not delivered again), but after a
  // restart the old ones may return.
  virtual Result<> update(const MessageId& id, std::span<const Change> changes,
                          std::optional<ByteView> record = std::nullopt) = 0;

  virtual Result<Secret> record(const MessageId& id) = 0;
  virtual Result<std::unique_ptr<Body>> body(const MessageId& id) = 0;
  virtual Stats stats() const = 0;
};

}  // namespace bulla::queue
