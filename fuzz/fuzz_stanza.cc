// A text is a stanza, or not; if it is, it is the only text of that stanza.
#include "core/age/stanza.h"
#include "fuzz/fuzzer.h"

using namespace bulla;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto text = as_text({data, size});
  auto stanza = age::parse_stanza(text);
  if (!stanza) return 0;
  fuzz::accepted();
  BULLA_ASSERT(stanza->body.size() <= age::kMaxStanzaBody);
  BULLA_ASSERT(age::stanza_text(*stanza) == text);
  return 0;
}
