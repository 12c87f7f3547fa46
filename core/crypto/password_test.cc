#include "core/crypto/password.h"

#include <gtest/gtest.h>
#include <stdio.h>

#include "core/base/encoding.h"

namespace bulla::crypto {
namespace {

constexpr std::string_view kSalt = "sixteen.bytes.ok";

// What the program `argon2` (by the authors of Argon2) prints for the same input, one lane.
std::string reference(const std::string& password, const Argon2Cost& cost, std::size_t length) {
  auto command = "printf %s '" + password + "' | argon2 " + std::string(kSalt) + " -id -v 13 -p 1 -r -t " +
                 std::to_string(cost.passes) + " -k " + std::to_string(cost.memory_kib) + " -l " +
                 std::to_string(length);
  std::string out;
  auto* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return out;
  char buffer[4096];
  while (auto n = ::fread(buffer, 1, sizeof(buffer), pipe)) out.append(buffer, n);
  EXPECT_EQ(::pclose(pipe), 0) << "the Debian package argon2 is needed";
  while (out.ends_with('\n')) out.pop_back();
  return out;
}

TEST(Argon2id, AgreesWithTheReferenceProgram) {
  struct Row {
    const char* title;
    std::string password;
    Argon2Cost cost;
    std::size_t length;
  };
  const Row rows[] = {
      {"what accounts use", "correct horse battery staple", {}, 32},
      {"small and single", "p", {.memory_kib = 64, .passes = 1}, 16},
      {"odd memory, long output", "Passwort mit Umlaut: \xc3\xa4", {.memory_kib = 1001, .passes = 2}, 64},
      {"a long password", std::string(120, 'x'), {.memory_kib = 256, .passes = 4}, 100},
  };
  for (auto& row : rows) {
    SCOPED_TRACE(row.title);
    auto stretched = argon2id(as_bytes(row.password), as_bytes(kSalt), row.cost, row.length);
    ASSERT_TRUE(stretched) << stretched.error().text;
    EXPECT_EQ(hex(stretched->reveal()), reference(row.password, row.cost, row.length));
  }
}

TEST(Argon2id, CostsAreBounded) {
  struct Row {
    const char* title;
    std::size_t password, salt;
    Argon2Cost cost;
    std::size_t length;
  };
  const Argon2Cost small = {.memory_kib = 64, .passes = 1};
  const Row rows[] = {
      {"short salt", 8, 15, small, 32},
      {"long salt", 8, 17, small, 32},
      {"little memory", 8, 16, {.memory_kib = 7, .passes = 1}, 32},
      {"much memory", 8, 16, {.memory_kib = 1024 * 1024 + 1, .passes = 1}, 32},
      {"no pass", 8, 16, {.memory_kib = 64, .passes = 0}, 32},
      {"many passes", 8, 16, {.memory_kib = 64, .passes = 65}, 32},
      {"short output", 8, 16, small, 15},
      {"long output", 8, 16, small, 1025},
      {"long password", 4097, 16, small, 32},
  };
  for (auto& row : rows) {
    SCOPED_TRACE(row.title);
    auto stretched = argon2id(Bytes(row.password, 'p'), Bytes(row.salt, 's'), row.cost, row.length);
    ASSERT_FALSE(stretched);
    EXPECT_EQ(stretched.error().code, Code::kInvalid);
  }
  EXPECT_TRUE(argon2id({}, Bytes(16), small, 32)) << "an empty password is the caller's business";
}

}  // namespace
}  // namespace bulla::crypto
