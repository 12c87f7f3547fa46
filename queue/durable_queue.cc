#include "queue/durable_queue.h"

#include <algorithm>
#include <charconv>

#include "core/age/file.h"
#include "core/base/check.h"
#include "queue/durable_draft.h"

namespace bulla::queue {
namespace {

constexpr std::string_view kLock = "lock";
// Room beside the body: record, notice, headers of the copies.
constexpr std::uint64_t kOverhead = 256 * 1024;
constexpr std::size_t kMaxSealedRecord = kMaxRecord + kMaxRecord / 64 + 1024;

std::optional<std::uint32_t> generation_of(std::string_view name) {
  const auto at = name.find(".log.");
  if (at == std::string_view::npos) return std::nullopt;
  const auto digits = name.substr(at + 5);
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return number;
}

bool ends_one(std::span<const Change> changes) {
  return std::ranges::any_of(changes, [](const Change& change) { return change.step.stage == Stage::kDone; });
}

// True when the changes say no more than "registered": then nothing is written, because registering again costs less.
bool only_registered(std::span<const Change> changes, const std::vector<Step>& steps) {
  return std::ranges::all_of(changes, [&](const Change& change) {
    return steps[change.recipient].stage == Stage::kRegister && change.step.stage == Stage::kDeliver;
  });
}

}  // namespace

DurableQueue::DurableQueue(FileSystem& files, DurableQueueOptions options, age::X25519Identity key, Random& random,
                           const Clock& clock)
    : files_(files),
      options_(std::move(options)),
      key_(std::move(key)),
      random_(random),
      clock_(clock),
      directory_(files, options_.directory) {}

DurableQueue::~DurableQueue() = default;

Result<std::unique_ptr<DurableQueue>> DurableQueue::open(FileSystem& files, DurableQueueOptions options,
                                                         age::X25519Identity key, Random& random, const Clock& clock) {
  std::unique_ptr<DurableQueue> queue(new DurableQueue(files, std::move(options), std::move(key), random, clock));
  BULLA_CHECK_OK(files.make_directory(queue->options_.directory));
  BULLA_TRY(queue->lock_, files.lock(queue->options_.directory + "/" + std::string(kLock)));
  BULLA_CHECK_OK(queue->recover());
  return queue;
}

std::string DurableQueue::path(const MessageId& id, std::string_view suffix) const {
  return options_.directory + "/" + id.text() + std::string(suffix);
}

std::string DurableQueue::log_path(const MessageId& id, std::uint32_t generation) const {
  return path(id, ".log." + std::to_string(generation));
}

std::shared_ptr<DurableQueue::Message> DurableQueue::find(const MessageId& id) const {
  const std::lock_guard lock(mutex_);
  const auto found = messages_.find(id);
  return found == messages_.end() ? nullptr : found->second;
}

void DurableQueue::forget(const MessageId& id) {
  schedule_.remove(id);
  const std::lock_guard lock(mutex_);
  messages_.erase(id);
}

// ---- the start

Result<> DurableQueue::recover() {
  BULLA_TRY(const auto names, files_.list(options_.directory));
  std::map<MessageId, std::vector<std::string>> by_message;
  for (const auto& name : names) {
    const auto id = MessageId::parse(std::string_view(name).substr(0, name.find('.')));
    if (id) by_message[*id].push_back(name);
  }
  for (const auto& [id, files] : by_message) BULLA_CHECK_OK(recover_message(id, files));
  recovery_.messages = schedule_.stats().messages;
  return recovery_.leftovers == 0 ? Result<>() : directory_.sync();
}

Result<> DurableQueue::recover_message(const MessageId& id, const std::vector<std::string>& names) {
  const auto has = [&](std::string_view suffix) {
    return std::ranges::find(names, id.text() + std::string(suffix)) != names.end();
  };
  // Without its record file it was never acknowledged, or was done: that file is durable before commit() returns.
  if (!has(".record")) {
    for (const auto& name : names) remove_leftover(name);
    return {};
  }
  if (has(".new")) remove_leftover(id.text() + ".new");
  if (auto loaded = load(id, names); !loaded) {
    recovery_.damaged.push_back(id.text() + ": " + loaded.error().text);
    forget(id);
  }
  return {};
}

Result<> DurableQueue::load(const MessageId& id, const std::vector<std::string>& names) {
  auto message = std::make_shared<Message>();
  BULLA_TRY(const auto file, files_.open(path(id, ".record")));
  BULLA_TRY(message->head, read_head(*file));
  message->first_log = message->head.generation;
  BULLA_TRY(const auto size, files_.size(path(id, ".record")));
  if (size != file_size(message->head)) return fail(Code::kInvalid, "it is not as long as it should be");
  if (message->head.place == BodyPlace::kOwnFile) {
    const auto body_size = files_.size(path(id, ".body"));
    // The name of the body is durable with that of the record file, so this too was never acknowledged.
    if (!body_size && body_size.error().code == Code::kNotFound) {
      for (const auto& name : names) remove_leftover(name);
      return {};
    }
    if (!body_size) return fail(body_size.error());
    if (*body_size != message->head.body_size) return fail(Code::kInvalid, "its body is not as long as it should be");
  }
  auto steps = message->head.steps;
  for (const auto& name : names) {
    const auto generation = generation_of(name);
    if (!generation) continue;
    if (*generation != message->head.generation) {
      remove_leftover(name);
      continue;
    }
    BULLA_TRY(const auto bytes, read_all(files_, options_.directory + "/" + name, 64 << 20));
    const auto log = read_log(bytes, steps.size());
    for (const auto& change : log.changes) steps[change.recipient] = change.step;
    message->log_exists = true;
    message->rewrite = !log.whole;
  }
  schedule_.add(id, message->head.accepted, steps);
  const std::lock_guard lock(mutex_);
  messages_[id] = std::move(message);
  return {};
}

void DurableQueue::remove_leftover(const std::string& name) {
  // What cannot be removed now is found again at the next start.
  (void)files_.remove(options_.directory + "/" + name);
  ++recovery_.leftovers;
}

// ---- taking in, and claims

Result<std::unique_ptr<Draft>> DurableQueue::create(BodyForm form, std::uint64_t expected_size) {
  if (schedule_.stats().messages >= options_.max_messages)
    return fail(Code::kTooMany, "the queue is full: " + std::to_string(options_.max_messages) + " messages");
  BULLA_TRY(const auto free, files_.free_bytes(options_.directory));
  const auto promised = expected_size + expected_size / 64 + kOverhead;
  if (free < options_.reserve + promised_.load() + promised)
    return fail(Code::kTooMany, "the disk of " + options_.directory + " is almost full", "make room on this disk");
  BULLA_TRY(auto id, MessageId::make(clock_.now(), random_));
  return DurableDraft::start(*this, std::move(id), form, promised);
}

std::vector<Claim> DurableQueue::claim(Stage stage, Millis now, std::size_t limit) {
  return schedule_.claim(stage, now, limit);
}

void DurableQueue::hasten(Stage stage, Millis now, Millis longest) {
  schedule_.hasten(stage, now, longest);
}

std::optional<Millis> DurableQueue::next_due(Stage stage) const {
  return schedule_.next_due(stage);
}

void DurableQueue::release(const Claim& claim, Millis next) {
  schedule_.release(claim, next);
}

// ---- the record file

Result<Bytes> DurableQueue::seal(const MessageId& id, ByteView record) {
  if (record.size() > kMaxRecord) return fail(Code::kInvalid, "the record of a message is too large");
  Secret bound(id.text().size() + record.size());
  const auto rest = std::ranges::copy(as_bytes(id.text()), bound.writable().begin()).out;
  std::ranges::copy(record, rest);
  return age::seal(bound.reveal(), {&key_.recipient()}, random_);
}

Result<> DurableQueue::write_record(const MessageId& id, RecordHead& head, const Parts& parts) {
  const auto fresh = path(id, ".new");
  head.record_size = static_cast<std::uint32_t>(parts.sealed_record.size());
  {
    BULLA_TRY(const auto file, files_.create(fresh));
    auto bytes = write_head(head);
    append(bytes, parts.sealed_record);
    append(bytes, parts.body);
    BULLA_CHECK_OK(file->write(bytes));
    BULLA_CHECK_OK(file->sync());
  }
  BULLA_CHECK_OK(files_.rename(fresh, path(id, ".record")));
  return directory_.sync();
}

Result<DurableQueue::Parts> DurableQueue::read_parts(const MessageId& id) {
  BULLA_TRY(const auto file, files_.open(path(id, ".record")));
  BULLA_TRY(const auto head, read_head(*file));
  const bool inside = head.place == BodyPlace::kInside;
  if (head.record_size > kMaxSealedRecord || (inside && head.body_size > kSmallBody))
    return fail(Code::kInvalid, "the record file of " + id.text() + " has an impossible size");
  Parts parts{Bytes(head.record_size), Bytes(inside ? static_cast<std::size_t>(head.body_size) : 0)};
  BULLA_TRY(const auto record_size, file->read(parts.sealed_record));
  BULLA_TRY(const auto body_size, file->read(parts.body));
  if (record_size != parts.sealed_record.size() || body_size != parts.body.size())
    return fail(Code::kInvalid, "the record file of " + id.text() + " is cut off");
  return parts;
}

Result<Secret> DurableQueue::record(const MessageId& id) {
  const auto message = find(id);
  if (!message) return fail(Code::kNotFound, "there is no message " + id.text());
  const std::lock_guard lock(message->mutex);
  if (message->gone) return fail(Code::kNotFound, "there is no message " + id.text());
  BULLA_TRY(const auto parts, read_parts(id));
  BULLA_TRY(const auto bound, age::open(parts.sealed_record, {&key_}));
  const auto own = as_bytes(id.text());
  if (bound.size() < own.size() || !equal_public(bound.reveal().first(own.size()), own))
    return fail(Code::kAuthentic, "the record file of " + id.text() + " is another message's");
  return Secret::copy_of(bound.reveal().subspan(own.size()));
}

Result<std::unique_ptr<Body>> DurableQueue::body(const MessageId& id) {
  const auto message = find(id);
  if (!message) return fail(Code::kNotFound, "there is no message " + id.text());
  const bool inside = message->head.place == BodyPlace::kInside;
  BULLA_TRY(auto file, files_.open(path(id, inside ? ".record" : ".body")));
  if (inside) {
    BULLA_TRY(const auto head, read_head(*file));
    Bytes skipped(std::min<std::size_t>(head.record_size, kMaxSealedRecord));
    BULLA_TRY(const auto size, file->read(skipped));
    if (size != head.record_size) return fail(Code::kInvalid, "the record file of " + id.text() + " is cut off");
  }
  if (message->head.form == BodyForm::kPlain) return std::make_unique<SealedBody>(std::move(file), key_.clone(), id);
  return std::make_unique<StoredBody>(std::move(file));
}

// ---- changes

Result<> DurableQueue::update(const MessageId& id, std::span<const Change> changes, std::optional<ByteView> record) {
  const auto message = find(id);
  if (!message) return fail(Code::kNotFound, "there is no message " + id.text());
  const std::lock_guard lock(message->mutex);
  if (message->gone) return fail(Code::kNotFound, "there is no message " + id.text());
  const auto count = message->head.steps.size();
  if (std::ranges::any_of(changes, [&](const Change& change) { return change.recipient >= count; }))
    return fail(Code::kInvalid, "message " + id.text() + " has no such recipient");
  auto result = persist(id, *message, changes, record);
  if (!result) message->rewrite = true;
  schedule_.apply(id, changes);
  if (schedule_.all_done(id)) {
    message->gone = true;
    forget(id);
  }
  return result;
}

Result<> DurableQueue::persist(const MessageId& id, Message& message, std::span<const Change> changes,
                               std::optional<ByteView> record) {
  auto steps = schedule_.steps(id);
  const bool nothing_to_write = !record && !message.rewrite && only_registered(changes, steps);
  for (const auto& change : changes) steps[change.recipient] = change.step;
  if (std::ranges::all_of(steps, [](const Step& step) { return step.stage == Stage::kDone; }))
    return remove_message(id, message);
  if (record || message.rewrite) return rewrite(id, message, std::move(steps), record);
  return nothing_to_write ? Result<>() : append_log(id, message, changes, ends_one(changes));
}

Result<> DurableQueue::rewrite(const MessageId& id, Message& message, std::vector<Step> steps,
                               std::optional<ByteView> record) {
  BULLA_TRY(auto parts, read_parts(id));
  if (record) {
    BULLA_TRY(parts.sealed_record, seal(id, *record));
  }
  // The number is used up even if this fails: the file may be on the disk with it.
  ++message.head.generation;
  message.head.steps = std::move(steps);
  message.log_exists = false;
  // A write that failed earlier may have left this.
  if (message.rewrite) (void)files_.remove(path(id, ".new"));
  message.rewrite = true;
  BULLA_CHECK_OK(write_record(id, message.head, parts));
  message.rewrite = false;
  remove_logs(id, message, message.head.generation);
  return {};
}

void DurableQueue::remove_logs(const MessageId& id, Message& message, std::uint32_t end) {
  for (; message.first_log < end; ++message.first_log) {
    const auto removed = files_.remove(log_path(id, message.first_log));
    if (!removed && removed.error().code != Code::kNotFound) return;
  }
}

Result<> DurableQueue::append_log(const MessageId& id, Message& message, std::span<const Change> changes,
                                  bool durable) {
  Bytes entries;
  for (const auto& change : changes) append(entries, write_log_entry(change));
  BULLA_TRY(const auto file, files_.append(log_path(id, message.head.generation)));
  BULLA_CHECK_OK(file->write(entries));
  if (!durable) return {};
  BULLA_CHECK_OK(file->sync());
  // The name of a new log is durable only when the directory is; syncing it each time would cost too much.
  if (!message.log_exists) BULLA_CHECK_OK(directory_.sync());
  message.log_exists = true;
  return {};
}

Result<> DurableQueue::remove_message(const MessageId& id, Message& message) {
  // The record file goes first: without it, the rest is a leftover.
  BULLA_CHECK_OK(files_.remove(path(id, ".record")));
  if (message.head.place == BodyPlace::kOwnFile) (void)files_.remove(path(id, ".body"));
  if (message.rewrite) (void)files_.remove(path(id, ".new"));
  remove_logs(id, message, message.head.generation + 1);
  return directory_.sync();
}

}  // namespace bulla::queue
