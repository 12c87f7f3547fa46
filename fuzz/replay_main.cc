// Runs a fuzz program over the files of a folder: each whole, cut short at many places, and with one byte changed at
// many places. What the seeds reach stays tested without a fuzzer, in every build and under the sanitizers.
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

std::size_t replay(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  Bytes input{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (!file.is_open() || file.bad()) {
    std::fprintf(stderr, "%s: cannot be read\n", path.c_str());
    std::exit(1);
  }
  std::size_t runs = 1;
  run(input, input.size());
  const auto step = input.size() / kPlaces + 1;
  for (std::size_t place = 0; place < input.size(); place += step, runs += 3) {
    run(input, place);
    for (int change : {0x01, 0x80}) {
      auto changed = input;
      changed[place] = static_cast<std::uint8_t>(changed[place] ^ change);
      run(changed, changed.size());
    }
  }
  return runs;
}

}  // namespace

int main(int argc, char** argv) try {
  std::size_t files = 0, runs = 0;
  for (int i = 1; i < argc; ++i) {
    if (std::filesystem::is_regular_file(argv[i])) {  // one input, to repeat a finding
      runs += replay(argv[i]);
      ++files;
      continue;
    }
    for (auto& entry : std::filesystem::directory_iterator(argv[i])) {
      if (!entry.is_regular_file()) continue;
      runs += replay(entry.path());
      ++files;
    }
  }
  std::printf("%zu seeds, %zu runs\n", files, runs);
  if (files == 0) std::fprintf(stderr, "no seeds: name a folder that has some\n");
  return files == 0 ? 1 : 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
