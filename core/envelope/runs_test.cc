#include "core/envelope/runs.h"

#include <gtest/gtest.h>

#include "core/base/encoding.h"
#include "core/envelope/base64_lines.h"
#include "core/envelope/testing.h"

namespace bulla::envelope {
namespace {

using Runs = std::vector<Run>;  // inside of a test "Run" is GoogleTest's

// The text of bytes in lines, written the slow and plain way.
std::string lines_of(ByteView bytes, std::size_t width) {
  const auto text = base64(bytes);
  std::string out;
  for (std::size_t i = 0; i < text.size(); i += width) out += (i == 0 ? "" : "\r\n") + text.substr(i, width);
  return out;
}

Result<Bytes> collect(const std::function<Result<>(const ByteSink&)>& write) {
  Bytes out;
  BULLA_CHECK_OK(write([&](ByteView bytes) -> Result<> {
    append(out, bytes);
    return {};
  }));
  return out;
}

TEST(Base64Lines, AreTheSameHoweverTheBytesCome) {
  testing::SeededRandom random("lines");
  for (const std::size_t width : {1, 3, 4, 19, 60, 64, 76, 77, 1000, 65535}) {
    for (const std::size_t size : {0, 1, 2, 3, 4, 56, 57, 58, 59, 114, 115, 1000, 7000}) {
      const auto bytes = random.bytes(size);
      std::string out;
      Base64Lines lines(width);
      for (ByteView rest = bytes; !rest.empty();) {
        const auto piece = rest.first(std::min(rest.size(), 1 + random.below(200)));
        lines.append(piece, out);
        rest = rest.subspan(piece.size());
      }
      lines.finish(out);
      EXPECT_EQ(out, lines_of(bytes, width)) << width << " " << size;
    }
  }
}

TEST(FindRun, TakesWhatComesBackByteForByte) {
  testing::SeededRandom random("find");
  for (const std::size_t width : {1, 2, 4, 5, 57, 64, 76, 77, 998, 65535}) {
    for (const std::size_t size : {1, 2, 3, 57, 58, 114, 1000, 300'000}) {
      if (width < 4 && size > 1000) continue;
      const auto bytes = random.bytes(size);
      const auto text = lines_of(bytes, width);
      if (text.find('\r') == std::string::npos && text.size() > kMaxRunWidth) continue;
      const auto run = find_run(as_bytes(text));
      ASSERT_TRUE(run) << width << " " << size;
      EXPECT_EQ(run->size, size);
      EXPECT_EQ(run_text_size(*run), text.size());
      const auto stored = collect([&](const auto& sink) { return store(as_bytes(text), {&*run, 1}, sink); });
      ASSERT_TRUE(stored);
      EXPECT_EQ(*stored, bytes);
      const auto restored = collect([&](const auto& sink) { return restore(*stored, {&*run, 1}, sink); });
      EXPECT_EQ(as_text(*restored), text);
    }
  }
}

TEST(FindRun, LeavesWhatWouldNot) {
  struct Row {
    const char* title;
    std::string text;
  };
  for (const auto& [title, text] : {Row{"empty", ""},
                                    {"line end only", "\r\n"},
                                    {"line end at the end", "QUJD\r\n"},
                                    {"no padding", "QUI"},
                                    {"padding missing in full lines",
                                     "QUJD\r\nQU=="
                                     "="},
                                    {"padding in the middle", "QQ==\r\nQUJD"},
                                    {"loose bits", "QR=="},
                                    {"only padding", "===="},
                                    {"bare LF", "QUJD\nQUJD"},
                                    {"bare CR", "QUJD\rQUJD"},
                                    {"space at the end", "QUJD \r\nQUJD"},
                                    {"space at the start", " QUJD"},
                                    {"lines of two widths", "QUJDQUJD\r\nQUJD\r\nQUJD"},
                                    {"a longer line", "QUJD\r\nQUJDQUJD"},
                                    {"an empty line", "QUJD\r\n\r\nQUJD"},
                                    {"URL alphabet", "QUJ_"},
                                    {"a comment", "QUJD (no)"},
                                    {"NUL", std::string("QUJ\0", 4)},
                                    {"8 bit", "QUJ\xc3"},
                                    {"ends in a line end within", "QUJDQUJD\r\nQUJD\r\n"},
                                    {"too wide", std::string(65536 + 4, 'A')}})
    EXPECT_FALSE(find_run(as_bytes(text))) << title;
}

// Any change of a text either keeps it a run that comes back, or makes it none.
TEST(FindRun, IsNeverWrong) {
  testing::SeededRandom random("mutations");
  const std::string_view bits[] = {"\r\n", "\n", "\r", " ", "=", "A", "_", "\0", "\r\n\r\n", "=="};
  int runs = 0;
  for (int round = 0; round < 20'000; ++round) {
    auto text = lines_of(random.bytes(random.below(60)), 1 + random.below(20));
    const auto at = random.below(text.size() + 1);
    switch (random.below(4)) {
      case 0:
        text.insert(at, bits[random.below(std::size(bits))]);
        break;
      case 1:
        text.erase(at, 1 + random.below(3));
        break;
      case 2:
        if (at < text.size()) text[at] = static_cast<char>(random.below(256));
        break;
      default:
        break;
    }
    const auto run = find_run(as_bytes(text));
    if (!run) continue;
    ++runs;
    const auto stored = collect([&](const auto& sink) { return store(as_bytes(text), {&*run, 1}, sink); });
    ASSERT_TRUE(stored) << text;
    const auto restored = collect([&](const auto& sink) { return restore(*stored, {&*run, 1}, sink); });
    ASSERT_EQ(as_text(*restored), text);
  }
  EXPECT_GT(runs, 4000);
}

TEST(RunList, BoundsAreChecked) {
  struct Row {
    const char* title;
    Runs runs;
    bool good;
  };
  for (const auto& [title, runs, good] : {Row{"none", {}, true},
                                          {"all of it", {{0, 100, 76}}, true},
                                          {"side by side", {{0, 50, 76}, {50, 50, 4}}, true},
                                          {"beyond the end", {{1, 100, 76}}, false},
                                          {"starts beyond", {{101, 1, 76}}, false},
                                          {"overflow", {{UINT64_MAX, 2, 76}}, false},
                                          {"size overflow", {{2, UINT64_MAX, 76}}, false},
                                          {"overlap", {{0, 50, 76}, {49, 2, 76}}, false},
                                          {"out of order", {{50, 10, 76}, {0, 10, 76}}, false},
                                          {"empty", {{0, 0, 76}}, false},
                                          {"width 0", {{0, 10, 0}}, false},
                                          {"width 65536", {{0, 10, 65536}}, false},
                                          {"width 65535", {{0, 10, 65535}}, true}})
    EXPECT_EQ(static_cast<bool>(check_runs(runs, 100)), good) << title;
  EXPECT_FALSE(check_runs(Runs(kMaxRuns + 1, Runs::value_type{0, 1, 76}), 100));
}

TEST(RunList, SizesAgreeInBothDirections) {
  const Runs runs = {{10, 57, 76}, {67, 58, 76}, {200, 1, 1}};
  const std::uint64_t stored = 300;
  const auto original = original_size(runs, stored);
  EXPECT_EQ(original, stored + (76 - 57) + (80 + 2 - 58) + (4 + 6 - 1));
  EXPECT_EQ(stored_size(runs, original), stored);
}

TEST(Store, RefusesRunsOfAnotherMessage) {
  const auto text = as_bytes("QUJDQUJDQUJD");
  for (const auto& runs : {Runs{{0, 10, 76}}, {{5, 6, 76}}, {{0, 9, 4}}, {{13, 1, 76}}})
    EXPECT_FALSE(collect([&](const auto& sink) { return store(text, runs, sink); }));
}

TEST(Store, AFailingSinkStopsIt) {
  const auto text = as_bytes("head QUJDQUJDQUJD tail");
  const Runs runs = {{5, 9, 76}};
  for (int good = 0;; ++good) {
    int left = good;
    const auto result = store(text, runs, [&](ByteView) -> Result<> {
      return left-- > 0 ? Result<>() : Result<>(fail(Code::kUnavailable, "full"));
    });
    if (result) {
      EXPECT_EQ(good, 3);
      break;
    }
    EXPECT_EQ(result.error().code, Code::kUnavailable);
  }
}

}  // namespace
}  // namespace bulla::envelope
