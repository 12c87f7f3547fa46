// Whatever a mail is: its index is within bounds, and its stored form gives back every byte.
#include "core/envelope/check.h"
#include "core/envelope/manifest.h"
#include "fuzz/fuzzer.h"
#include "mail/compose.h"
#include "mail/fields.h"
#include "mail/find_envelope.h"
#include "mail/index_message.h"

using namespace bulla;

namespace {

envelope::ByteSink into(Bytes& out) {
  return [&out](ByteView bytes) -> Result<> {
    append(out, bytes);
    return {};
  };
}

// The manifest of any mail can be written and read.
void check_manifest(const envelope::MessageIndex& index, ByteView mail, ByteView stored) {
  envelope::Manifest manifest{.id = *envelope::EnvelopeId::from_bytes(Bytes(envelope::EnvelopeId::kSize))};
  manifest.from = index.from;
  manifest.sender = index.sender;
  manifest.to = index.to;
  manifest.cc = index.cc;
  manifest.subject = index.subject;
  manifest.date = index.date.value_or(0);
  manifest.size = stored.size();
  manifest.original_size = mail.size();
  manifest.runs = index.runs;
  manifest.parts = index.parts;
  manifest.body = index.body;
  manifest.complete = index.complete;
  const auto text = envelope::write_manifest(manifest);
  // Such a message is refused before it is taken.
  if (!envelope::is_author(index.from.address)) {
    BULLA_ASSERT(!text);
    return;
  }
  BULLA_ASSERT(text);
  const auto again = envelope::parse_manifest(*text);
  BULLA_ASSERT(again && *again == manifest);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView message(data, size);
  const auto index = mail::index_message(message);
  if (index.complete) fuzz::accepted();
  Bytes stored, restored;
  BULLA_ASSERT(envelope::store(message, index.runs, into(stored)));
  BULLA_ASSERT(envelope::check_runs(index.runs, stored.size()));
  BULLA_ASSERT(envelope::restore(stored, index.runs, into(restored)));
  BULLA_ASSERT(as_text(restored) == as_text(message));
  check_manifest(index, message, stored);

  const auto outer = mail::outer_fields(message);
  const auto header = outer.fields + outer.subject + "\r\n";
  BULLA_ASSERT(mail::HeaderFields(as_bytes(header)).body_offset() == header.size());
  for (char c : header) BULLA_ASSERT((c >= 0x20 && c < 0x7f) || c == '\t' || c == '\r' || c == '\n');
  if (const auto without = mail::without_bcc(message))
    BULLA_ASSERT(mail::HeaderFields(without->reveal()).find("bcc") == nullptr);
  (void)mail::find_envelope_html(message);
  return 0;
}
