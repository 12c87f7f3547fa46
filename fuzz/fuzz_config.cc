// Configurations: any text is read, or refused with a place and a reason; what was read keeps its bounds.
#include "fuzz/fuzzer.h"
#include "program/config.h"

namespace {

using namespace bulla;

void read_table(program::Table table, int depth) {
  table.string("hostname", "localhost");
  table.endpoint("listen", "127.0.0.1:25");
  table.path("state", "state");
  table.flag("enabled", false);
  table.choice("tls", 0, {{"none", 1}, {"required", 2}});
  BULLA_ASSERT(table.strings("domains", 10).size() <= 1'000'000);
  const auto size = table.size("max_size", 100, {10, 1000});
  BULLA_ASSERT(size >= 10 && size <= 1000);
  const auto time = table.duration("timeout", kMinute, {kSecond, kHour});
  BULLA_ASSERT(time >= kSecond && time <= kHour);
  const auto number = table.integer("sessions", 5, {1, 10});
  BULLA_ASSERT(number >= 1 && number <= 10);
  if (depth == 0) return;
  read_table(table.table("smtp"), depth - 1);
  for (auto& rule : table.tables("rule", 100)) read_table(rule, depth - 1);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = as_text({data, size});
  auto config = program::Config::parse(text, "f.toml");
  if (!config) {
    BULLA_ASSERT(config.error().code == Code::kInvalid);
    BULLA_ASSERT(config.error().text.starts_with("f.toml:"));
    return 0;
  }
  read_table(config->root(), 2);
  const auto finished = config->finish();
  if (finished) fuzz::accepted();
  BULLA_ASSERT(finished || finished.error().text.find("f.toml:") != std::string::npos);
  return 0;
}
