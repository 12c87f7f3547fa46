// A file that somebody gives the client: the HTML, a mail with it, or the bare age file. Whatever is taken for an
// envelope is one sealed file, of the id that it says, and is taken for the same when it stands alone.
#include "cli/envelope_file.h"
#include "core/envelope/split.h"
#include "fuzz/fuzzer.h"

using namespace bulla;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto found = cli::parse_envelope_file({data, size});
  if (!found) {
    BULLA_ASSERT(found.error().code == Code::kInvalid || found.error().code == Code::kNotFound);
    BULLA_ASSERT(!found.error().text.empty());
    return 0;
  }
  fuzz::accepted();
  if (found->data) BULLA_ASSERT(found->data->id == found->id);
  Reader reader(found->file);
  const auto header = age::read_header(reader);
  BULLA_ASSERT(header);
  const auto id = envelope::sealed_file_id(*header);
  BULLA_ASSERT(id && *id == found->id);
  const auto bare = cli::parse_envelope_file(found->file);
  BULLA_ASSERT(bare && bare->id == found->id && !bare->data && bare->file == found->file);
  return 0;
}
