// Files go to and from Debian's `age`, and keys to and from `age-keygen`, in both directions.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "core/age/file.h"
#include "core/age/test_support.h"
#include "core/age/x25519.h"

namespace bulla::age {
namespace {

class Interop : public ::testing::Test {
 protected:
  void SetUp() override {
    auto pattern = (std::filesystem::temp_directory_path() / "bulla-age-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string path(const std::string& name) { return folder_ / name; }
  void write(const std::string& name, ByteView bytes) {
    std::ofstream file(path(name), std::ios::binary);
    file << as_text(bytes);
    ASSERT_TRUE(file.flush());
  }
  Bytes read(const std::string& name) {
    std::ifstream file(path(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }

  // Runs a program with its output and errors in files; its exit status.
  int run(std::vector<std::string> words) {
    std::vector<char*> arguments;
    for (auto& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files, 1, path("output").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    posix_spawn_file_actions_addopen(&files, 2, path("errors").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    pid_t child = 0;
    int error = ::posix_spawnp(&child, arguments[0], &files, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&files);
    if (error != 0) return -1;
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  std::string errors() { return to_string(read("errors")) + " (the Debian package age is needed)"; }

  // The identity of age-keygen's file: its last line.
  X25519Identity keygen(const std::string& name) {
    EXPECT_EQ(run({"age-keygen", "-o", path(name)}), 0) << errors();
    auto text = to_string(read(name));
    text.pop_back();
    return *X25519Identity::parse(std::string_view(text).substr(text.rfind('\n') + 1));
  }

  std::filesystem::path folder_;
  SystemRandom random_;
};

constexpr std::size_t kSizes[] = {0, 1, kChunkSize - 1, kChunkSize, kChunkSize + 1, (1 << 20) + 12345};

TEST_F(Interop, AgeOpensWhatWeSeal) {
  auto identity = keygen("key");
  for (auto size : kSizes) {
    SCOPED_TRACE(size);
    const auto plaintext = test::pattern(size);
    write("sealed", *seal(plaintext, {&identity.recipient()}, random_));
    ASSERT_EQ(run({"age", "-d", "-i", path("key"), "-o", path("opened"), path("sealed")}), 0) << errors();
    EXPECT_EQ(read("opened"), plaintext);
  }
}

TEST_F(Interop, WeOpenWhatAgeSeals) {
  auto identity = *X25519Identity::generate(random_);
  for (auto size : kSizes) {
    SCOPED_TRACE(size);
    const auto plaintext = test::pattern(size);
    write("plain", plaintext);
    ASSERT_EQ(run({"age", "-r", identity.recipient().text(), "-o", path("sealed"), path("plain")}), 0) << errors();
    const auto sealed = read("sealed");
    auto whole = open(sealed, {&identity});
    ASSERT_TRUE(whole) << whole.error().text;
    EXPECT_TRUE(equal_public(whole->reveal(), plaintext));
    Bytes streamed;
    FileOpener opener({&identity}, test::into(streamed));
    ASSERT_TRUE(test::in_pieces(sealed, 1000, [&](ByteView piece) { return opener.write(piece); }));
    ASSERT_TRUE(opener.finish());
    EXPECT_EQ(streamed, plaintext);
  }
}

TEST_F(Interop, SeveralRecipientsBothWays) {
  auto theirs = keygen("key");
  auto ours = *X25519Identity::generate(random_);
  write("sealed", *seal(as_bytes("hello"), {&ours.recipient(), &theirs.recipient()}, random_));
  ASSERT_EQ(run({"age", "-d", "-i", path("key"), path("sealed")}), 0) << errors();
  EXPECT_EQ(to_string(read("output")), "hello");
  write("plain", as_bytes("hello"));
  ASSERT_EQ(
      run({"age", "-r", theirs.recipient().text(), "-r", ours.recipient().text(), "-o", path("sealed"), path("plain")}),
      0)
      << errors();
  auto opened = open(read("sealed"), {&ours});
  ASSERT_TRUE(opened);
  EXPECT_EQ(as_text(opened->reveal()), "hello");
}

TEST_F(Interop, KeysAreThoseOfAgeKeygen) {
  auto theirs = keygen("key");
  ASSERT_EQ(run({"age-keygen", "-y", path("key")}), 0) << errors();
  EXPECT_EQ(to_string(read("output")), theirs.recipient().text() + "\n");
  auto ours = *X25519Identity::generate(random_);
  write("ours", ours.text().reveal());
  ASSERT_EQ(run({"age-keygen", "-y", path("ours")}), 0) << errors();
  EXPECT_EQ(to_string(read("output")), ours.recipient().text() + "\n");
}

TEST_F(Interop, BothRefuseWhatIsSealedToAnother) {
  auto theirs = keygen("key");
  auto ours = *X25519Identity::generate(random_);
  write("sealed", *seal(as_bytes("hello"), {&ours.recipient()}, random_));
  EXPECT_EQ(run({"age", "-d", "-i", path("key"), path("sealed")}), 1) << errors();
  EXPECT_FALSE(open(read("sealed"), {&theirs}));
}

}  // namespace
}  // namespace bulla::age
