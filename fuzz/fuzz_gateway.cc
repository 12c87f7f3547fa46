// What the gateway reads from its key server and from its queue: any bytes are read, or refused with an error.
#include "fuzz/fuzzer.h"
#include "gateway/key_server_json.h"
#include "gateway/record.h"
#include "queue/record_file.h"

namespace {

using namespace bulla;

// File gives the input to readers of files.
class File final : public queue::ReadFile {
 public:
  explicit File(ByteView bytes) : rest_(bytes) {}
  Result<std::size_t> read(MutableBytes out) override {
    const auto size = std::min(out.size(), rest_.size());
    std::copy_n(rest_.begin(), size, out.begin());
    rest_ = rest_.subspan(size);
    return size;
  }

 private:
  ByteView rest_;
};

void check_record(ByteView input) {
  const auto record = gateway::decode(input);
  if (!record) return;
  fuzz::accepted();
  // One encoding for each record: flags other than 0 and 1 are read as 0.
  const auto again = gateway::decode(gateway::encode(*record).reveal());
  BULLA_ASSERT(again && again->recipients.size() == record->recipients.size());
}

void check_queue_files(ByteView input) {
  File file(input);
  if (const auto head = queue::read_head(file))
    BULLA_ASSERT(equal_public(queue::write_head(*head), input.first(queue::head_size(*head))));
  const auto log = queue::read_log(input, 3);
  BULLA_ASSERT(log.changes.size() * queue::kLogEntry <= input.size());
  for (const auto& change : log.changes) BULLA_ASSERT(change.recipient < 3);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView input(data, size);
  const auto text = as_text(input);
  if (const auto directory = gateway::read_directory(text); !directory)
    BULLA_ASSERT(directory.error().code == Code::kUnavailable);
  gateway::NewEnvelope asked{"ID", "a@b.example", "", 0, std::nullopt, {{"c@d.example", {}}}};
  if (const auto results = gateway::read_results(text, {asked}))
    BULLA_ASSERT(results->size() == 1 && results->at(0).size() == 1);
  BULLA_ASSERT(!gateway::read_error(500, text).text.empty());
  check_record(input);
  check_queue_files(input);
  return 0;
}
