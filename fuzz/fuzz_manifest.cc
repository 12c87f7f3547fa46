// A manifest that parses can be written, and then parses to the same.
#include "core/envelope/data_block.h"
#include "core/envelope/manifest.h"
#include "fuzz/fuzzer.h"

using namespace bulla;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = as_text({data, size});
  if (const auto manifest = envelope::parse_manifest(text)) {
    fuzz::accepted();
    BULLA_ASSERT(envelope::check_runs(manifest->runs, manifest->size));
    for (const auto& part : manifest->parts) BULLA_ASSERT(part.offset + part.size <= manifest->size);
    const auto written = envelope::write_manifest(*manifest);
    BULLA_ASSERT(written);
    const auto again = envelope::parse_manifest(*written);
    BULLA_ASSERT(again && *again == *manifest);
  }
  if (const auto block = envelope::parse_data_block(text)) {
    const auto written = envelope::data_block_json(*block);
    BULLA_ASSERT(written.find_first_of("<>&") == std::string::npos);
    BULLA_ASSERT(envelope::parse_data_block(written));
  }
  return 0;
}
