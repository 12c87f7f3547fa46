#include "gateway/record.h"

#include "core/base/reader.h"
#include "core/base/writer.h"
#include "queue/queue.h"

namespace bulla::gateway {
namespace {

constexpr std::uint8_t kVersion = 1;

// Out writes, or only counts when it has no room: so that the bytes are written once, and no copy is left behind by a
// buffer that grew.
class Out {
 public:
  explicit Out(MutableBytes room = {}) : room_(room) {}
  std::size_t size() const { return size_; }

  void bytes(ByteView bytes) {
    if (!room_.empty()) std::copy(bytes.begin(), bytes.end(), room_.begin() + static_cast<std::ptrdiff_t>(size_));
    size_ += bytes.size();
  }
  template <class T>
  void number(T value) {
    Bytes encoded;
    append_big_endian(encoded, value);
    bytes(encoded);
  }
  void flag(bool value) { number<std::uint8_t>(value ? 1 : 0); }
  void block(ByteView block) {
    number(static_cast<std::uint32_t>(block.size()));
    bytes(block);
  }
  void text(std::string_view text) { block(as_bytes(text)); }
  void mailbox(const smtp::Mailbox& mailbox) {
    text(mailbox.local);
    text(mailbox.domain);
  }

 private:
  MutableBytes room_;
  std::size_t size_ = 0;
};

void write(const Record& record, Out& out) {
  out.number(kVersion);
  out.flag(record.sender.has_value());
  if (record.sender) out.mailbox(*record.sender);
  out.number(record.size);
  out.flag(record.eight_bit);
  out.flag(record.report);
  out.text(record.trace);
  out.text(record.fields);
  out.text(record.subject);
  out.flag(record.sealed.has_value());
  if (record.sealed) {
    out.text(record.sealed->id);
    out.text(record.sealed->from.address);
    out.text(record.sealed->from.name);
    out.number(static_cast<std::uint64_t>(record.sealed->date));
    out.flag(record.sealed->expires.has_value());
    out.number(static_cast<std::uint64_t>(record.sealed->expires.value_or(0)));
  }
  out.number(static_cast<std::uint32_t>(record.recipients.size()));
  for (const auto& recipient : record.recipients) {
    out.mailbox(recipient.address);
    out.block(recipient.header.reveal());
    out.block(recipient.server_share.reveal());
  }
}

// In reads; after the first thing that is not there, everything is empty and ok() false.
class In {
 public:
  explicit In(ByteView bytes) : reader_(bytes) {}
  bool ok() const { return ok_; }
  bool at_end() const { return reader_.at_end(); }

  template <class T>
  T number() {
    T value = 0;
    for (const auto byte : take(sizeof(T))) value = static_cast<T>(static_cast<T>(value << 8) | byte);
    return value;
  }
  bool flag() { return take(1).front() == 1; }
  ByteView block() { return take(number_u32()); }
  std::string text() { return to_string(block()); }
  Secret secret() { return Secret::copy_of(block()); }
  smtp::Mailbox mailbox() {
    auto local = text();
    return {std::move(local), text()};
  }
  std::uint32_t number_u32() { return number<std::uint32_t>(); }
  Millis time() { return static_cast<Millis>(number<std::uint64_t>()); }

 private:
  ByteView take(std::size_t size) {
    static constexpr ByteArray<8> kNothing{};
    if (const auto taken = ok_ ? reader_.take(size) : std::nullopt) return *taken;
    ok_ = false;
    return ByteView(kNothing).first(std::min(size, kNothing.size()));
  }

  Reader reader_;
  bool ok_ = true;
};

SealedPart read_sealed(In& in) {
  SealedPart sealed;
  sealed.id = in.text();
  sealed.from.address = in.text();
  sealed.from.name = in.text();
  sealed.date = in.time();
  const bool expires = in.flag();
  const Millis when = in.time();
  if (expires) sealed.expires = when;
  return sealed;
}

}  // namespace

Secret encode(const Record& record) {
  Out counted;
  write(record, counted);
  Secret bytes(counted.size());
  Out out(bytes.writable());
  write(record, out);
  return bytes;
}

Result<Record> decode(ByteView bytes) {
  In in(bytes);
  Record record;
  const bool known = in.number<std::uint8_t>() == kVersion;
  if (in.flag()) record.sender = in.mailbox();
  record.size = in.number<std::uint64_t>();
  record.eight_bit = in.flag();
  record.report = in.flag();
  record.trace = in.text();
  record.fields = in.text();
  record.subject = in.text();
  if (in.flag()) record.sealed = read_sealed(in);
  const auto count = in.number_u32();
  for (std::uint32_t i = 0; in.ok() && i < count && i < queue::kMaxRecipients; ++i) {
    RecordRecipient recipient;
    recipient.address = in.mailbox();
    recipient.header = in.secret();
    recipient.server_share = in.secret();
    record.recipients.push_back(std::move(recipient));
  }
  if (!known || !in.ok() || !in.at_end() || record.recipients.empty())
    return fail(Code::kInternal, "a record of the queue cannot be read", "it was written by another version");
  return record;
}

}  // namespace bulla::gateway
