// A header that reads is written again byte for byte; whole and in pieces it ends at the same place.
#include "core/age/header.h"
#include "core/age/x25519.h"
#include "fuzz/fuzzer.h"

using namespace bulla;

namespace {

// Gives the bytes to a scanner in pieces of `step`, until it has an answer.
std::optional<std::size_t> scan(ByteView bytes, std::size_t step) {
  age::HeaderScanner scanner;
  for (std::size_t size = 0;; size = std::min(bytes.size(), size + step)) {
    auto found = scanner.scan(bytes.first(size));
    if (!found) return std::nullopt;
    if (*found) return *found;
    if (size == bytes.size()) return std::nullopt;
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ByteView bytes{data, size};
  auto end = scan(bytes, size + 1);
  BULLA_ASSERT(scan(bytes, 1) == end && scan(bytes, 7) == end);

  Reader in(bytes);
  auto header = age::read_header(in);
  if (!header) return 0;
  fuzz::accepted();
  auto consumed = size - in.rest().size();
  BULLA_ASSERT(end == consumed);
  BULLA_ASSERT(header->stanzas.size() <= age::kMaxStanzas);
  auto written = age::write_header(ByteArray<age::kFileKeySize>{}, header->stanzas);
  BULLA_ASSERT(written.size() == consumed);
  BULLA_ASSERT(equal_public(ByteView(written).first(header->maced.size()), header->maced));

  static const auto identity = *age::X25519Identity::from_scalar(ByteArray<32>{7});
  const age::Identity* identities[] = {&identity};
  auto file_key = age::open_header(*header, identities);
  BULLA_ASSERT(!file_key || file_key->size() == age::kFileKeySize);
  return 0;
}
