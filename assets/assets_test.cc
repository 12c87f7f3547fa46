#include "assets/assets.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

namespace bulla::assets {

std::span<const File> test_files();  // testdata/, written by embed.py

namespace {

TEST(Assets, AreWhatStandsInTheFiles) {
  ASSERT_EQ(test_files().size(), 3U);
  for (const auto& file : test_files()) {
    std::ifstream stream(std::string(BULLA_SOURCE_DIR "/assets/testdata/").append(file.path), std::ios::binary);
    const std::string expected{std::istreambuf_iterator<char>(stream), {}};
    EXPECT_EQ(as_text(file.bytes), expected) << file.path;
  }
}

TEST(Assets, AreFoundByTheirExactPath) {
  struct Row {
    std::string_view path;
    std::string_view content_type;  // empty: not found
  };
  const Row rows[] = {{"a.txt", "text/plain; charset=utf-8"},
                      {"empty.js", "text/javascript; charset=utf-8"},
                      {"sub/b.html", "text/html; charset=utf-8"},
                      {"", ""},
                      {"/a.txt", ""},
                      {"a.tx", ""},
                      {"a.txt/", ""},
                      {"A.txt", ""},
                      {"sub", ""},
                      {"sub/", ""},
                      {"sub/../a.txt", ""},
                      {"z", ""}};
  for (const auto& row : rows) {
    const auto file = find_in(test_files(), row.path);
    EXPECT_EQ(file ? file->content_type : "", row.content_type) << row.path;
  }
}

TEST(Assets, DifferentBytesHaveDifferentTags) {
  const auto files = test_files();
  EXPECT_NE(files[0].etag, files[1].etag);
  for (const auto& file : files) {
    EXPECT_TRUE(file.etag.starts_with('"') && file.etag.ends_with('"')) << file.etag;
    EXPECT_GE(file.etag.size(), 20U);
  }
}

}  // namespace
}  // namespace bulla::assets
