#include "program/config.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "core/base/bytes.h"

namespace bulla::program {
namespace {

Config parsed(std::string_view text) {
  auto config = Config::parse(text, "/etc/bulla/t.toml");
  EXPECT_TRUE(config) << (config ? "" : config.error().text);
  return std::move(*config);
}

std::string mistakes(Config& config) {
  const auto result = config.finish();
  return result ? "" : result.error().text;
}

// read_all asks for one key of each type, as a program does.
void read_all(Config& config) {
  auto smtp = config.table("smtp");
  smtp.string("hostname", "localhost");
  smtp.endpoint("listen", "127.0.0.1:2525");
  smtp.size("max_size", 1000, {100, 1'000'000});
  smtp.duration("timeout", kSecond, {kSecond, kHour});
  smtp.integer("sessions", 10, {1, 100});
  smtp.flag("tls", true);
  smtp.choice("level", 1, {{"low", 1}, {"high", 2}});
  smtp.strings("domains", 3);
  for (auto rule : config.tables("rule", 2)) rule.string("name");
}

TEST(Config, ReadsEachType) {
  auto config = parsed(R"(
workers = 2
[smtp]
hostname = "mail.example.org"
listen = "[::1]:25"
max_size = "25MB"
plain_size = 512
timeout = "5m"
sessions = -3
tls = false
level = "high"
domains = ["a.example", "b.example"]
key_file = "keys/a.key"
other_file = "/var/a.key"
[smtp.client]
retries = 4
[[rule]]
name = "one"
[[rule]]
name = "two"
)");
  EXPECT_EQ(config.root().integer("workers", 1, {1, 64}), 2);
  auto smtp = config.table("smtp");
  EXPECT_TRUE(smtp.present());
  EXPECT_EQ(smtp.string("hostname"), "mail.example.org");
  EXPECT_EQ(smtp.endpoint("listen"), (Endpoint{"::1", 25}));
  EXPECT_EQ(smtp.size("max_size", 0, {0, 100'000'000}), 25'000'000U);
  EXPECT_EQ(smtp.size("plain_size", 0, {0, 100'000'000}), 512U);
  EXPECT_EQ(smtp.duration("timeout", 0, {0, kDay}), 5 * kMinute);
  EXPECT_EQ(smtp.integer("sessions", 0, {-10, 10}), -3);
  EXPECT_FALSE(smtp.flag("tls", true));
  EXPECT_EQ(smtp.choice("level", 0, {{"low", 1}, {"high", 2}}), 2);
  EXPECT_EQ(smtp.strings("domains"), (std::vector<std::string>{"a.example", "b.example"}));
  EXPECT_EQ(smtp.path("key_file"), "/etc/bulla/keys/a.key");
  EXPECT_EQ(smtp.path("other_file"), "/var/a.key");
  EXPECT_EQ(smtp.table("client").integer("retries", 0, {0, 9}), 4);
  std::string names;
  for (auto rule : config.tables("rule")) names += rule.string("name");
  EXPECT_EQ(names, "onetwo");
  EXPECT_EQ(mistakes(config), "");
}

TEST(Config, GivesDefaultsWhereNothingIsWritten) {
  auto config = parsed("");
  auto smtp = config.table("smtp");
  EXPECT_FALSE(smtp.present());
  EXPECT_EQ(smtp.string("hostname", "h"), "h");
  EXPECT_EQ(smtp.endpoint("listen", "127.0.0.1:2525"), (Endpoint{"127.0.0.1", 2525}));
  EXPECT_EQ(smtp.size("max_size", 7, {0, 10}), 7U);
  EXPECT_EQ(smtp.duration("timeout", 9, {0, 10}), 9);
  EXPECT_EQ(smtp.choice("level", 1, {{"high", 2}}), 1);
  EXPECT_EQ(smtp.table("client").integer("retries", 3, {0, 9}), 3);
  EXPECT_TRUE(smtp.strings("domains").empty());
  EXPECT_TRUE(config.tables("rule").empty());
  EXPECT_EQ(mistakes(config), "");
}

TEST(Config, ExplainsEachMistakeWithItsPlace) {
  struct Row {
    const char* title;
    const char* text;
    const char* expected;
  };
  const Row rows[] = {
      {"unknown key, near", "[smtp]\nlisten = \"a:1\"\nhostnam = \"x\"",
       "t.toml:3:1: unknown key 'hostnam' (did you mean 'hostname'?)"},
      {"unknown table, near", "[smpt]\nlisten = \"a:1\"", "t.toml:1:2: unknown key 'smpt' (did you mean 'smtp'?)"},
      {"unknown key, far", "zebra = 1", "t.toml:1:1: unknown key 'zebra' (known here: rule, smtp)"},
      {"wrong type", "[smtp]\nhostname = 12", "t.toml:2:12: 'smtp.hostname' must be a text in quotes, and is a whole"},
      {"table expected", "smtp = 1", "t.toml:1:8: 'smtp' must be a table, and is a whole number"},
      {"no port", "[smtp]\nlisten = \"localhost\"", "t.toml:2:10: 'smtp.listen' is not HOST:PORT"},
      {"bad size", "[smtp]\nmax_size = \"1.5MB\"", "t.toml:2:12: 'smtp.max_size' is not a size (write bytes"},
      {"size out of bounds", "[smtp]\nmax_size = 1", "'smtp.max_size' must be from 100 to 1000000 bytes"},
      {"negative size", "[smtp]\nmax_size = -1", "'smtp.max_size' is not a size"},
      {"bad duration", "[smtp]\ntimeout = \"soon\"", "'smtp.timeout' is not a span of time (write a whole number"},
      {"duration without unit", "[smtp]\ntimeout = 30", "'smtp.timeout' must be a span of time such as \"30s\""},
      {"duration out of bounds", "[smtp]\ntimeout = \"2h\"", "'smtp.timeout' must be from 1000ms to 3600000ms"},
      {"integer out of bounds", "[smtp]\nsessions = 101", "'smtp.sessions' must be from 1 to 100"},
      {"bad choice", "[smtp]\nlevel = \"hihg\"", "'smtp.level' cannot be 'hihg' (did you mean 'high'?)"},
      {"list of other things", "[smtp]\ndomains = [\"a\", 2]",
       "t.toml:2:17: an entry of 'smtp.domains' must be a text"},
      {"too long a list", "[smtp]\ndomains = [\"a\",\"b\",\"c\",\"d\"]", "'smtp.domains' has more than 3 entries"},
      {"missing key of a rule", "[[rule]]\n", "t.toml:1:1: 'rule.name' is missing"},
      {"too many rules", "[[rule]]\nname='a'\n[[rule]]\nname='b'\n[[rule]]\nname='c'", "'rule' has more than 2"},
      {"rule is a table", "[rule]\nname='a'", "'rule' must be a list of tables, each under [[rule]], and is a table"},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.title);
    auto config = parsed(row.text);
    read_all(config);
    EXPECT_NE(mistakes(config).find(row.expected), std::string::npos) << mistakes(config);
  }
}

TEST(Config, ReportsAllMistakesInTheOrderOfTheFile) {
  auto config = parsed("[smtp]\nsessions = 0\nbogus = 1\nlisten = \"x\"\n");
  read_all(config);
  const auto text = mistakes(config);
  EXPECT_TRUE(text.starts_with("the configuration has 3 mistakes:\n  /etc/bulla/t.toml:2:12: ")) << text;
  EXPECT_LT(text.find(":3:1: unknown key 'bogus'"), text.find(":4:10: 'smtp.listen'")) << text;
}

TEST(Config, ShowsNoMoreThanTwentyMistakes) {
  std::string text;
  for (int i = 0; i < 30; ++i) text += "key" + std::to_string(i) + " = 1\n";
  auto config = parsed(text);
  const auto shown = mistakes(config);
  EXPECT_EQ(std::ranges::count(shown, '\n'), 21) << shown;
}

TEST(Config, RefusesWhatIsNotToml) {
  const auto config = Config::parse("a = 1\nb = = 2\n", "t.toml");
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().code, Code::kInvalid);
  EXPECT_TRUE(config.error().text.starts_with("t.toml:2:5: ")) << config.error().text;
}

TEST(Config, RefusesForeignLettersOutsideOfQuotes) {
  for (const char* text :
       {"\u00e4 = 1", "a = \u00e4", "a = 2\u02e4", "a = 1 \u2003", "\u4e00 = 1", "a = 1\u0085b = 2"}) {
    const auto config = Config::parse(text, "t.toml");
    ASSERT_FALSE(config) << text;
    EXPECT_TRUE(config.error().text.starts_with("t.toml:1:")) << config.error().text;
  }
  EXPECT_TRUE(Config::parse("a = \"\u00e4\" # \u02e4\n\"\u4e00\" = 1", "t.toml"));
}

TEST(Config, RefusesTableHeadersThatAreNone) {
  for (const char* text : {"[\b", "[[\n]a]", "[", "[[", "[]", "[[]]", "[ [a]]"}) {
    EXPECT_FALSE(Config::parse(text, "t.toml")) << text;
  }
}

TEST(Config, RefusesMoreThanOneMebibyte) {
  EXPECT_TRUE(Config::parse(std::string(1U << 20, '\n')));
  EXPECT_FALSE(Config::parse(std::string((1U << 20) + 1, '\n')));
}

TEST(Config, KeysKeepTheOrderOfTheFile) {
  auto config = parsed("[domains]\nz = 1\na = 2\nm = 3\n");
  EXPECT_EQ(config.table("domains").keys(), (std::vector<std::string>{"z", "a", "m"}));
}

TEST(Config, CallersAddTheirOwnMistakes) {
  auto config = parsed("[smtp]\nhostname = \"..\"\n");
  auto smtp = config.table("smtp");
  smtp.string("hostname");
  smtp.mistake("hostname", "is not a domain", "such as mail.example.org");
  EXPECT_EQ(mistakes(config), "/etc/bulla/t.toml:2:12: 'smtp.hostname' is not a domain (such as mail.example.org)");
}

TEST(Config, WhatIsMissingIsNotAlsoWrong) {
  auto config = parsed("[smtp]\nlisten = \"a:1\"\n");
  for (const char* name : {"smtp", "other"}) {
    auto table = config.table(name);
    if (table.string("hostname").empty()) table.mistake("hostname", "is not a domain");
  }
  config.table("smtp").endpoint("listen");
  EXPECT_EQ(mistakes(config),
            "the configuration has 2 mistakes:\n"
            "  /etc/bulla/t.toml:1:1: 'other.hostname' is missing\n"
            "  /etc/bulla/t.toml:1:1: 'smtp.hostname' is missing");
}

TEST(Config, AWrongNameIsOneMistake) {
  struct Row {
    const char* title;
    const char* text;
    const char* expected;
  };
  const Row rows[] = {
      {"key", "\n[smtp]\nhostnam = \"x\"", "t.toml:3:1: unknown key 'hostnam' (did you mean 'hostname'?)"},
      {"table", "\n[smpt]\nhostname = \"x\"", "t.toml:2:2: unknown key 'smpt' (did you mean 'smtp'?)"},
      {"list of tables", "\n[smtp]\nhostname = \"x\"\n[[rule]]\nnam = \"y\"",
       "t.toml:5:1: unknown key 'nam' (did you mean 'name'?)"},
  };
  for (const auto& row : rows) {
    auto config = parsed(row.text);
    auto smtp = config.table("smtp");
    if (smtp.string("hostname").empty()) smtp.mistake("hostname", "is not a domain");
    for (auto rule : config.tables("rule")) {
      if (rule.string("name").empty()) rule.mistake("name", "is not a name");
    }
    EXPECT_EQ(mistakes(config), "/etc/bulla/" + std::string(row.expected)) << row.title;
  }
}

TEST(Config, AWrongNameHidesNothingElse) {
  auto config = parsed("[[rule]]\nnam = \"y\"\n[[rule]]\n[smtp]\nhostnam = \"x\"\nlisten = \"x\"");
  auto smtp = config.table("smtp");
  smtp.string("hostname");
  smtp.string("host");
  smtp.endpoint("listen");
  for (auto rule : config.tables("rule")) rule.string("name");
  const auto text = mistakes(config);
  EXPECT_NE(text.find("'smtp.host' is missing"), text.npos) << text;
  EXPECT_NE(text.find("'smtp.listen' is not HOST:PORT"), text.npos) << text;
  EXPECT_NE(text.find(":3:1: 'rule.name' is missing"), text.npos) << text;
  EXPECT_TRUE(text.starts_with("the configuration has 5 mistakes")) << text;
}

TEST(Config, SaysWhatToDoWhenTheFileIsMissing) {
  const auto config = Config::load("/nonexistent/bulla.toml");
  ASSERT_FALSE(config);
  EXPECT_NE(config.error().hint.find("--config"), std::string::npos);
}

class SecretFile : public testing::Test {
 protected:
  SecretFile() : file_(testing::TempDir() + "secret_" + std::to_string(getpid())) {}
  ~SecretFile() override { std::filesystem::remove(file_); }
  void write(std::string_view text, mode_t mode = 0600) {
    std::ofstream(file_, std::ios::binary) << text;
    chmod(file_.c_str(), mode);
  }

  std::filesystem::path file_;
};

TEST_F(SecretFile, LosesOneLineEnd) {
  struct Row {
    std::string_view text;
    std::string_view expected;
  };
  for (const Row& row :
       {Row{"abc", "abc"}, {"abc\n", "abc"}, {"abc\r\n", "abc"}, {"abc\n\n", "abc\n"}, {" a ", " a "}}) {
    write(row.text);
    const auto secret = read_secret_file(file_);
    ASSERT_TRUE(secret);
    EXPECT_EQ(as_text(secret->reveal()), row.expected);
  }
}

TEST_F(SecretFile, IsRefusedWhenEmptyLargeOrNoFile) {
  write("");
  EXPECT_FALSE(read_secret_file(file_));
  write("\n");
  EXPECT_FALSE(read_secret_file(file_));
  write(std::string((64U << 10) + 1, 'x'));
  EXPECT_FALSE(read_secret_file(file_));
  EXPECT_FALSE(read_secret_file(testing::TempDir()));
  EXPECT_FALSE(read_secret_file("/nonexistent"));
}

TEST_F(SecretFile, IsRefusedWhenOthersMayReadOrWriteIt) {
  for (const mode_t mode : {0640U, 0604U, 0620U, 0602U, 0601U}) {
    write("abc", mode);
    const auto secret = read_secret_file(file_);
    ASSERT_FALSE(secret) << std::oct << mode;
    EXPECT_EQ(secret.error().code, Code::kDenied);
    EXPECT_TRUE(secret.error().hint.starts_with("chmod 600 ")) << secret.error().hint;
  }
}

TEST_F(SecretFile, IsReadThroughTheConfiguration) {
  write("abc\n");
  auto config = parsed("key_file = '" + file_.string() + "'\nother_file = '/nonexistent'");
  EXPECT_EQ(as_text(config.root().secret("key_file").reveal()), "abc");
  EXPECT_TRUE(config.root().secret("other_file").empty());
  EXPECT_TRUE(config.root().secret("third_file").empty());
  const auto text = mistakes(config);
  EXPECT_NE(text.find("'other_file' cannot read /nonexistent"), std::string::npos) << text;
  EXPECT_NE(text.find("'third_file' is missing"), std::string::npos) << text;
}

}  // namespace
}  // namespace bulla::program
