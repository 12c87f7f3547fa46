#include "gateway/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bulla::gateway {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const std::string kSmallest = R"([gateway]
hostname = "gw.acme.example"
[next_hop]
address = "127.0.0.1:25"
[key_server]
url = "https://keys.example.com/"
token_file = "token"
[organisation]
id = "acme"
domains = ["ACME.example", "bücher.example"]
)";

Result<Settings> read(const std::string& text) {
  BULLA_TRY(auto config, program::Config::parse(text, "/etc/bulla-gateway/config.toml"));
  return read_settings(std::move(config));
}

TEST(SettingsTest, TheSmallestAndItsDefaults) {
  const auto settings = read(kSmallest);
  ASSERT_TRUE(settings) << settings.error().text;
  EXPECT_EQ(settings->smtp.listen.text(), "127.0.0.1:2525");
  EXPECT_TRUE(settings->smtp.allow.at(0).contains("127.3.2.1"));
  EXPECT_FALSE(settings->smtp.allow.at(0).contains("10.0.0.1"));
  EXPECT_EQ(settings->key_server.url, "https://keys.example.com");
  EXPECT_EQ(settings->key_server.origin, "https://keys.example.com");
  EXPECT_EQ(settings->key_server.token_file, "/etc/bulla-gateway/token");
  EXPECT_THAT(settings->rules.sender_domains, ElementsAre("acme.example", "xn--bcher-kva.example"));
  EXPECT_EQ(settings->rules.subject_flag, "[secure]");
  EXPECT_EQ(settings->organisation.name, "acme");
  EXPECT_EQ(settings->envelope.subject, std::nullopt);
  EXPECT_EQ(settings->envelope.expires, 90 * kDay);
  EXPECT_TRUE(settings->smtp.tls_certificate.empty());
}

struct Row {
  const char* title;
  std::string text;
  const char* said;
};

TEST(SettingsTest, Mistakes) {
  const auto with = [](const std::string& table, const std::string& line) {
    auto text = kSmallest;
    const auto at = text.find(table);
    if (at == std::string::npos) return text + table + "\n" + line + "\n";
    return text.insert(at + table.size(), "\n" + line);
  };
  const auto changed = [](const std::string& from, const std::string& to) {
    auto text = kSmallest;
    return text.replace(text.find(from), from.size(), to);
  };
  const Row rows[] = {
      {"host name", changed("gw.acme.example", "gw acme"), "not a host name"},
      {"network", with("[smtp]", "allow = [\"10.0.0.0/99\"]"), "allow"},
      {"certificate without key", with("[smtp]", "tls_certificate = \"a\""), "belong together"},
      {"memory", with("[smtp]", "max_size = \"10MB\"\nmax_memory = \"1MB\""), "smaller than max_size"},
      {"path in the URL", changed("example.com/", "example.com/x"), "more than scheme and host"},
      {"clear text to the key server", changed("https:", "http:"), "loopback only"},
      {"clear text to a name that begins like loopback", changed("https://keys", "http://localhost"), "loopback only"},
      {"the portal in clear text", with("[key_server]", "origin = \"http://127.keys.example.com\""), "loopback only"},
      {"no domains", changed("[\"ACME.example\", \"bücher.example\"]", "[]"), "at least one"},
      {"bad domain", changed("ACME.example", "a b"), "not a domain"},
      {"identifier", changed("\"acme\"", "\"Acme Ltd\""), "lower-case"},
      {"recipient domain", with("[policy]", "recipient_domains = [\"@x.example\"]"), "not a domain"},
      {"flag", with("[policy]", "subject_flag = \"ä\""), "printable ASCII"},
      {"policy", with("[policy]", "seal = \"some\""), "seal"},
      {"retries", with("[queue]", "retry_first = \"1h\"\nretry_max = \"1m\""), "shorter than retry_first"},
      {"unknown key", with("[queue]", "retry_frist = \"1h\""), "retry_frist"},
      {"unknown table", with("[queues]", "a = 1"), "queues"},
  };
  for (const auto& row : rows) {
    const auto settings = read(row.text);
    ASSERT_FALSE(settings) << row.title;
    EXPECT_THAT(settings.error().text, HasSubstr(row.said)) << row.title;
    EXPECT_THAT(settings.error().text, HasSubstr("/etc/bulla-gateway/config.toml:")) << row.title;
  }
}

TEST(SettingsTest, WhatNeedsARestartIsNamed) {
  const auto used = read(kSmallest);
  ASSERT_TRUE(used);
  const Row rows[] = {
      {"nothing", kSmallest, ""},
      {"the policy", kSmallest + "[policy]\nseal = \"all\"\n", ""},
      {"one", kSmallest + "[queue]\ndeliveries = 3\n", "queue"},
      {"several", kSmallest + "[smtp]\nallow = [\"10.0.0.0/8\"]\n[envelope]\nexpires = \"1d\"\n", "smtp, envelope"},
  };
  for (const auto& row : rows) {
    const auto fresh = read(row.text);
    ASSERT_TRUE(fresh) << row.title;
    EXPECT_EQ(needs_restart(*used, *fresh), row.said) << row.title;
  }
  for (const auto& [key, table] : {std::pair("hostname", "gateway"), std::pair("address", "next_hop"),
                                   std::pair("token_file", "key_server"), std::pair("id", "organisation")}) {
    auto text = kSmallest;
    const auto line = text.find(std::string(key) + " = \"");
    text.insert(text.find('"', line) + 1, "1");
    const auto fresh = read(text);
    ASSERT_TRUE(fresh) << key << fresh.error().text;
    EXPECT_EQ(needs_restart(*used, *fresh), table);
  }
  auto domains = kSmallest;
  domains.replace(domains.find("ACME.example"), 4, "other");
  EXPECT_EQ(needs_restart(*used, *read(domains)), "");
}

}  // namespace
}  // namespace bulla::gateway
