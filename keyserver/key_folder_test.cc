#include "keyserver/key_folder.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "core/base/test_random.h"

namespace bulla::keyserver {
namespace {

namespace fs = std::filesystem;

class KeyFolderTest : public testing::Test {
 protected:
  KeyFolderTest() {
    std::string pattern = (fs::temp_directory_path() / "bulla-keys-XXXXXX").string();
    top_ = mkdtemp(pattern.data());
  }
  void TearDown() override { fs::remove_all(top_); }

  fs::path folder() const { return top_ / "below" / "keys"; }
  static mode_t mode(const fs::path& path) {
    struct stat info{};
    stat(path.c_str(), &info);
    return info.st_mode & 0777;
  }

  fs::path top_;
  SystemRandom random_;
};

TEST_F(KeyFolderTest, IsMadeOnceAndReadAfterwards) {
  const auto made = open_key_folder(folder(), true, random_);
  ASSERT_TRUE(made) << made.error().text;
  EXPECT_EQ(mode(folder()), 0700u);
  for (const char* name : {"release.key", "opaque.key", "server.secret"})
    EXPECT_EQ(mode(folder() / name), 0600u) << name;
  const auto read = open_key_folder(folder(), false, random_);
  ASSERT_TRUE(read) << read.error().text;
  EXPECT_EQ(read->release_key.recipient(), made->release_key.recipient());
  EXPECT_EQ(read->release_key.id(), made->release_key.id());
  EXPECT_EQ(read->opaque.public_key(), made->opaque.public_key());
  EXPECT_EQ(read->secret.name_for_log("x"), made->secret.name_for_log("x"));
}

TEST_F(KeyFolderTest, KeysAreNotMadeForADatabaseThatExists) {
  const auto missing = open_key_folder(folder(), false, random_);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Code::kNotFound);
  EXPECT_FALSE(fs::exists(folder()));
  ASSERT_TRUE(open_key_folder(folder(), true, random_));
  fs::remove(folder() / "opaque.key");
  const auto partly = open_key_folder(folder(), false, random_);
  ASSERT_FALSE(partly);
  EXPECT_NE(partly.error().text.find("opaque.key"), std::string::npos);
}

TEST_F(KeyFolderTest, AFirstStartThatWasCutOffGoesOn) {
  ASSERT_TRUE(open_key_folder(folder(), true, random_));
  const auto release = open_key_folder(folder(), true, random_)->release_key.id();
  fs::remove(folder() / "server.secret");
  std::ofstream(folder() / "server.secret.new") << "half";
  const auto again = open_key_folder(folder(), true, random_);
  ASSERT_TRUE(again) << again.error().text;
  EXPECT_EQ(again->release_key.id(), release);
  EXPECT_FALSE(fs::exists(folder() / "server.secret.new"));
}

TEST_F(KeyFolderTest, ADamagedFileIsNamed) {
  for (const char* name : {"release.key", "opaque.key", "server.secret"}) {
    fs::remove_all(folder());
    ASSERT_TRUE(open_key_folder(folder(), true, random_));
    std::ofstream(folder() / name) << "AAAA\n";
    const auto result = open_key_folder(folder(), false, random_);
    ASSERT_FALSE(result) << name;
    EXPECT_EQ(result.error().code, Code::kInvalid) << name;
    EXPECT_NE(result.error().text.find(name), std::string::npos) << result.error().text;
  }
}

TEST_F(KeyFolderTest, AFileThatOthersMayReadIsRefused) {
  ASSERT_TRUE(open_key_folder(folder(), true, random_));
  fs::permissions(folder() / "release.key", fs::perms(0640));
  EXPECT_FALSE(open_key_folder(folder(), false, random_));
}

TEST_F(KeyFolderTest, WithoutRandomnessNoKeyIsMade) {
  for (int good = 0; good < 3; ++good) {
    bulla::test::FailingRandom failing(good);
    fs::remove_all(folder());
    EXPECT_FALSE(open_key_folder(folder(), true, failing)) << good;
    for (const auto& entry : fs::directory_iterator(folder())) EXPECT_GT(fs::file_size(entry), 0u);
  }
}

}  // namespace
}  // namespace bulla::keyserver
