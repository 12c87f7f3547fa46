#include <gtest/gtest.h>

#include "program/config.h"

namespace bulla::program {
namespace {

TEST(Units, Durations) {
  struct Row {
    std::string_view text;
    std::optional<Millis> expected;
  };
  const Row rows[] = {{"500ms", 500},
                      {"30s", 30 * kSecond},
                      {"5m", 5 * kMinute},
                      {"2h", 2 * kHour},
                      {"7d", 7 * kDay},
                      {"0s", 0},
                      {"", {}},
                      {"5", {}},
                      {"s", {}},
                      {"-5s", {}},
                      {"+5s", {}},
                      {" 5s", {}},
                      {"5 s", {}},
                      {"5S", {}},
                      {"1.5s", {}},
                      {"5s5m", {}},
                      {"106751991167d", 106751991167 * kDay},
                      {"106751991168d", {}},
                      {"99999999999999999999s", {}}};
  for (const auto& row : rows) EXPECT_EQ(parse_duration(row.text), row.expected) << row.text;
}

TEST(Units, Sizes) {
  struct Row {
    std::string_view text;
    std::optional<std::uint64_t> expected;
  };
  const Row rows[] = {{"0", 0},          {"512", 512},         {"512B", 512},
                      {"64kB", 64'000},  {"25MB", 25'000'000}, {"1GB", 1'000'000'000},
                      {"64KiB", 65536},  {"16MiB", 16U << 20}, {"", {}},
                      {"MB", {}},        {"25mb", {}},         {"25 MB", {}},
                      {"2.5MB", {}},     {"-1", {}},           {"0x10", {}},
                      {"8388608TiB", {}}};
  for (const auto& row : rows) EXPECT_EQ(parse_size(row.text), row.expected) << row.text;
}

TEST(Units, Endpoints) {
  struct Row {
    std::string_view text;
    std::optional<Endpoint> expected;
  };
  const Row rows[] = {{"127.0.0.1:2525", Endpoint{"127.0.0.1", 2525}},
                      {"[::1]:25", Endpoint{"::1", 25}},
                      {"mx.example.org:65535", Endpoint{"mx.example.org", 65535}},
                      {"mx.example.org", {}},
                      {"mx.example.org:", {}},
                      {":25", {}},
                      {"[]:25", {}},
                      {"::1:25", {}},
                      {"[::1]", {}},
                      {"[127.0.0.1]:25", {}},
                      {"a:0", {}},
                      {"a:65536", {}},
                      {"a:25x", {}},
                      {"a b:25", {}},
                      {"user@a:25", {}},
                      {"http://a:25", {}}};
  for (const auto& row : rows) {
    const auto parsed = parse_endpoint(row.text);
    EXPECT_EQ(parsed, row.expected) << row.text;
    if (parsed) {
      EXPECT_EQ(to_string(*parsed), row.text);
    }
  }
}

}  // namespace
}  // namespace bulla::program
