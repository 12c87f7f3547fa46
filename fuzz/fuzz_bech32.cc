// A text is bech32, or not; if it is, it is the only text of those bytes. Any bytes have a text.
#include "core/age/bech32.h"
#include "core/age/x25519.h"
#include "fuzz/fuzzer.h"

using namespace bulla;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto text = as_text({data, size});
  auto decoded = age::bech32_decode(text);
  if (decoded) fuzz::accepted();
  if (decoded) BULLA_ASSERT(as_text(age::bech32_encode(decoded->prefix, decoded->data.reveal()).reveal()) == text);
  if (auto recipient = age::X25519Recipient::parse(text)) BULLA_ASSERT(decoded && recipient->text() == text);
  if (auto identity = age::X25519Identity::parse(text))
    BULLA_ASSERT(decoded && as_text(identity->text().reveal()) == text);

  ByteView bytes{data, std::min<std::size_t>(size, 2000)};
  auto encoded = age::bech32_encode("age", bytes);
  auto again = age::bech32_decode(as_text(encoded.reveal()));
  BULLA_ASSERT(again && equal_public(again->data.reveal(), bytes));
  return 0;
}
