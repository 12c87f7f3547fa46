#include "cli/output_folder.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <iterator>

#include "cli/state.h"

namespace bulla::cli {
namespace {

namespace fs = std::filesystem;

class OutputFolderTest : public testing::Test {
 protected:
  OutputFolderTest() : path_(testing::TempDir() + "output_" + std::to_string(getpid())) { fs::remove_all(path_); }
  ~OutputFolderTest() override { fs::remove_all(path_); }

  OutputFolder folder() {
    auto folder = OutputFolder::open(path_ / "a" / "b");
    EXPECT_TRUE(folder);
    return std::move(*folder);
  }
  std::string read(const char* name) {
    std::ifstream stream(path_ / "a" / "b" / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  std::size_t count() {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(path_ / "a" / "b"), fs::directory_iterator()));
  }

  fs::path path_;
};

TEST_F(OutputFolderTest, FilesAppearWholeAndPrivate) {
  auto file = folder().start();
  ASSERT_TRUE(file);
  ASSERT_TRUE(file->write(as_bytes("hello ")));
  ASSERT_TRUE(file->write(as_bytes("world")));
  EXPECT_EQ(read("x.txt"), "");
  ASSERT_TRUE(file->publish("x.txt", Overwrite::kNo));
  EXPECT_EQ(read("x.txt"), "hello world");
  EXPECT_EQ(count(), 1U);
  struct stat status{};
  ASSERT_EQ(stat((path_ / "a/b/x.txt").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
}

TEST_F(OutputFolderTest, NothingIsReplacedUnasked) {
  const auto output = folder();
  for (const auto* text : {"first", "second"}) {
    auto file = output.start();
    ASSERT_TRUE(file && file->write(as_bytes(text)));
    const auto published = file->publish("x.txt", Overwrite::kNo);
    EXPECT_EQ(published.has_value(), std::string_view(text) == "first");
    if (!published) {
      EXPECT_EQ(published.error().code, Code::kConflict);
    }
  }
  EXPECT_EQ(read("x.txt"), "first");
  EXPECT_EQ(count(), 1U) << "the second file is gone";
  auto file = output.start();
  ASSERT_TRUE(file && file->write(as_bytes("third")) && file->publish("x.txt", Overwrite::kYes));
  EXPECT_EQ(read("x.txt"), "third");
}

TEST_F(OutputFolderTest, AnUnpublishedFileLeavesNothing) {
  const auto output = folder();
  {
    auto file = output.start();
    ASSERT_TRUE(file && file->write(as_bytes("x")));
    EXPECT_EQ(count(), 1U);
  }
  EXPECT_EQ(count(), 0U);
}

TEST_F(OutputFolderTest, NamesDoNotLeaveTheFolder) {
  const auto output = folder();
  for (const auto* name : {"", ".", "..", "../x", "/tmp/x", "a/b"}) {
    auto file = output.start();
    ASSERT_TRUE(file);
    EXPECT_FALSE(file->publish(name, Overwrite::kYes)) << name;
  }
  EXPECT_EQ(count(), 0U);
}

TEST_F(OutputFolderTest, LinksAreReplacedAndNotFollowed) {
  const auto output = folder();
  fs::create_symlink(path_ / "victim", path_ / "a/b/x.txt");
  auto file = output.start();
  ASSERT_TRUE(file && file->write(as_bytes("x")));
  EXPECT_FALSE(file->publish("x.txt", Overwrite::kNo));
  ASSERT_TRUE(file->publish("x.txt", Overwrite::kYes));
  EXPECT_FALSE(fs::exists(path_ / "victim"));
  EXPECT_EQ(read("x.txt"), "x");
}

TEST_F(OutputFolderTest, AccountsAreRememberedOnce) {
  const auto state = path_ / "state";
  ASSERT_TRUE(read_accounts(state));
  EXPECT_TRUE(read_accounts(state)->empty());
  const KnownAccount bob{"https://keys.example", "bob@example.org"};
  const KnownAccount ann{"https://keys.example", "ann@example.org"};
  for (const auto& account : {bob, ann, bob}) ASSERT_TRUE(remember_account(state, account));
  EXPECT_EQ(*read_accounts(state), (std::vector<KnownAccount>{bob, ann}));
  for (const char* damage : {"", "{}", "[1]", "[{\"server\":1,\"address\":\"\"}]", "[[[[["}) {
    std::ofstream(state / "accounts.json") << damage;
    const auto accounts = read_accounts(state);
    ASSERT_FALSE(accounts) << damage;
    EXPECT_EQ(accounts.error().code, Code::kInvalid);
  }
}

}  // namespace
}  // namespace bulla::cli
