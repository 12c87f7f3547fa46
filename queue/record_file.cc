#include "queue/record_file.h"

#include "core/base/reader.h"
#include "core/base/writer.h"
#include "core/crypto/hash.h"

namespace bulla::queue {
namespace {

constexpr std::string_view kMagic = "bulla-queue-1\n";
constexpr std::size_t kFixed = 14 + 1 + 1 + 8 + 8 + 4 + 4 + 4;
constexpr std::size_t kStepSize = 1 + 4 + 8;
constexpr std::size_t kLogCheck = 7;

void append_step(Bytes& out, const Step& step) {
  out.push_back(static_cast<std::uint8_t>(step.stage));
  append_u32_be(out, step.attempts);
  append_u64_be(out, static_cast<std::uint64_t>(step.next));
}

std::optional<Stage> stage_of(std::uint8_t byte) {
  if (byte < 1 || byte > 3) return std::nullopt;
  return static_cast<Stage>(byte);
}

Result<Bytes> read_exactly(ReadFile& file, std::size_t size) {
  Bytes bytes(size);
  BULLA_TRY(const auto got, file.read(bytes));
  if (got != size) return fail(Code::kInvalid, "it is cut off");
  return bytes;
}

Result<Step> read_step(Reader& in) {
  const auto stage = stage_of(in.take(1)->front());
  if (!stage) return fail(Code::kInvalid, "it has an unknown stage");
  const auto attempts = *in.u32_be();
  return Step{*stage, attempts, static_cast<Millis>(*in.u64_be())};
}

}  // namespace

Bytes write_head(const RecordHead& head) {
  Bytes out = to_bytes(kMagic);
  out.push_back(static_cast<std::uint8_t>(head.form));
  out.push_back(static_cast<std::uint8_t>(head.place));
  append_u64_be(out, static_cast<std::uint64_t>(head.accepted));
  append_u64_be(out, head.body_size);
  append_u32_be(out, head.record_size);
  append_u32_be(out, head.generation);
  append_u32_be(out, static_cast<std::uint32_t>(head.steps.size()));
  for (const auto& step : head.steps) append_step(out, step);
  append(out, crypto::sha256(out));
  return out;
}

std::size_t head_size(const RecordHead& head) {
  return kFixed + head.steps.size() * kStepSize + sizeof(crypto::Sha256Digest);
}

std::uint64_t file_size(const RecordHead& head) {
  return head_size(head) + head.record_size + (head.place == BodyPlace::kInside ? head.body_size : 0);
}

Result<RecordHead> read_head(ReadFile& file) {
  BULLA_TRY(auto bytes, read_exactly(file, kFixed));
  if (!as_text(bytes).starts_with(kMagic)) return fail(Code::kInvalid, "it is not a record file");
  Reader fixed(ByteView(bytes).subspan(kMagic.size()));
  RecordHead head;
  const auto form = fixed.take(1)->front();
  const auto place = fixed.take(1)->front();
  head.accepted = static_cast<Millis>(*fixed.u64_be());
  head.body_size = *fixed.u64_be();
  head.record_size = *fixed.u32_be();
  head.generation = *fixed.u32_be();
  const auto count = *fixed.u32_be();
  if (form < 1 || form > 2 || place < 1 || place > 2 || count < 1 || count > kMaxRecipients)
    return fail(Code::kInvalid, "its head is damaged");
  head.form = static_cast<BodyForm>(form);
  head.place = static_cast<BodyPlace>(place);
  BULLA_TRY(const auto rest, read_exactly(file, count * kStepSize + sizeof(crypto::Sha256Digest)));
  append(bytes, ByteView(rest).first(count * kStepSize));
  Reader in(rest);
  for (std::uint32_t i = 0; i < count; ++i) {
    BULLA_TRY(const auto step, read_step(in));
    head.steps.push_back(step);
  }
  if (!equal_public(in.rest(), crypto::sha256(bytes))) return fail(Code::kInvalid, "its head is damaged");
  return head;
}

Bytes write_log_entry(const Change& change) {
  Bytes out;
  append_u32_be(out, change.recipient);
  append_u32_be(out, change.step.attempts);
  out.push_back(static_cast<std::uint8_t>(change.step.stage));
  append_u64_be(out, static_cast<std::uint64_t>(change.step.next));
  append(out, ByteView(crypto::sha256(out)).first(kLogCheck));
  return out;
}

StepLog read_log(ByteView bytes, std::size_t recipients) {
  StepLog log;
  Reader in(bytes);
  while (const auto entry = in.take(kLogEntry)) {
    Reader fields(*entry);
    Change change;
    change.recipient = *fields.u32_be();
    change.step.attempts = *fields.u32_be();
    const auto stage = stage_of(fields.take(1)->front());
    change.step.next = static_cast<Millis>(*fields.u64_be());
    const auto check = crypto::sha256(entry->first(kLogEntry - kLogCheck));
    if (!stage || change.recipient >= recipients || !equal_public(fields.rest(), ByteView(check).first(kLogCheck))) {
      log.whole = false;
      return log;
    }
    change.step.stage = *stage;
    log.changes.push_back(change);
  }
  log.whole = in.at_end();
  return log;
}

}  // namespace bulla::queue
