// Runs a fuzz program over the files of a folder: each whole, cut short at many places, and with one byte changed at
// many places. What the seeds reach stays tested without a fuzzer, in every build and under the sanitizers. A folder of
// which nothing gets through the parser fails: it would test refusals only.
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "fuzz/fuzzer.h"

namespace {

using bulla::Bytes;

constexpr std::size_t kPlaces = 200;  // that are tried in each file, evenly spread

// A copy of exactly this size, so that the sanitizer sees a read past the end.
void run(const Bytes& input, std::size_t size) {
  Bytes copy(input.begin(), input.begin() + static_cast<std::ptrdiff_t>(size));
  copy.shrink_to_fit();
  LLVMFuzzerTestOneInput(copy.data(), copy.size());
}

struct Totals {
  std::size_t files = 0;
  std::size_t accepted = 0;  // of these
  std::size_t runs = 0;
};

void replay(const std::filesystem::path& path, Totals& totals) {
  std::ifstream file(path, std::ios::binary);
  Bytes input{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (!file.is_open() || file.bad()) {
    std::fprintf(stderr, "%s: cannot be read\n", path.c_str());
    std::exit(1);
  }
  const auto before = bulla::fuzz::accepted_inputs;
  run(input, input.size());
  ++totals.files;
  ++totals.runs;
  if (bulla::fuzz::accepted_inputs > before) ++totals.accepted;
  const auto step = input.size() / kPlaces + 1;
  for (std::size_t place = 0; place < input.size(); place += step, totals.runs += 3) {
    run(input, place);
    for (int change : {0x01, 0x80}) {
      auto changed = input;
      changed[place] = static_cast<std::uint8_t>(changed[place] ^ change);
      run(changed, changed.size());
    }
  }
}

}  // namespace

int main(int argc, char** argv) try {
  Totals totals;
  bool folders = false;
  for (int i = 1; i < argc; ++i) {
    if (std::filesystem::is_regular_file(argv[i])) {  // one input, to repeat a finding
      replay(argv[i], totals);
      continue;
    }
    folders = true;
    for (auto& entry : std::filesystem::directory_iterator(argv[i]))
      if (entry.is_regular_file()) replay(entry.path(), totals);
  }
  std::printf("%zu seeds, %zu accepted, %zu runs\n", totals.files, totals.accepted, totals.runs);
  const char* wrong = nullptr;
  if (folders && totals.accepted == 0) wrong = "no seed gets through the parser";
  if (totals.files == 0) wrong = "no seeds: name a folder that has some";
  if (wrong) std::fprintf(stderr, "%s\n", wrong);
  return wrong ? 1 : 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
