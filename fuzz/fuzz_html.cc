// An HTML file is an envelope or not; a text is a template or not, and a filled one gives back what went in.
#include "core/envelope/html.h"
#include "fuzz/fuzzer.h"
#include "mail/address.h"

using namespace bulla;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = as_text({data, size});
  if (envelope::find_envelope(text)) fuzz::accepted();
  if (const auto page = envelope::HtmlTemplate::parse(text)) {
    const auto bytes = to_bytes("some bytes");
    const auto html = page->fill("<p>notice</p>", "{}", bytes, bytes);
    BULLA_ASSERT(html);
    const auto found = envelope::find_envelope(*html);
    BULLA_ASSERT(found && found->payload == bytes && found->header == bytes);
  }
  for (char c : envelope::html_text(text)) BULLA_ASSERT(static_cast<unsigned char>(c) < 0x7f && c != '<' && c != '"');
  if (const auto address = mail::Address::parse(text)) {
    const auto again = mail::Address::parse(address->text());
    BULLA_ASSERT(again && *again == *address);
  }
  return 0;
}
