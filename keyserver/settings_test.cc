#include "keyserver/settings.h"

#include <gtest/gtest.h>

namespace bulla::keyserver {
namespace {

const std::string kServer = "[server]\norigin = \"https://keys.example.com\"\n";
const std::string kOrganisation =
    "[[organisation]]\nid = \"acme\"\nname = \"Acme Ltd\"\ndomains = [\"Acme.example\"]\n"
    "signing_keys = [\"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"]\n"
    "token_sha256 = \"0101010101010101010101010101010101010101010101010101010101010101\"\n";

Result<Settings> read(const std::string& text) {
  auto config = program::Config::parse(text, "/etc/keys/config.toml");
  if (!config) return fail(config.error());
  return read_settings(std::move(*config));
}

TEST(SettingsTest, DefaultsServeOnLoopback) {
  const auto settings = read(kServer);
  ASSERT_TRUE(settings) << settings.error().text;
  EXPECT_EQ(settings->listen.text(), "127.0.0.1:8443");
  EXPECT_EQ(settings->origin_host, "keys.example.com");
  EXPECT_EQ(settings->mail.from, "no-reply@keys.example.com");
  EXPECT_EQ(settings->mail.relay.text(), "127.0.0.1:25");
  EXPECT_EQ(settings->limits_factor, 1);
  EXPECT_TRUE(settings->organisations->all().empty());
}

TEST(SettingsTest, ReadsEverything) {
  const auto settings = read(
      "[server]\norigin = \"http://127.0.0.1:8080\"\nlisten = \"127.0.0.1:8080\"\n"
      "trusted_proxies = [\"127.0.0.1\", \"10.0.0.0/8\"]\nstate = \"state\"\nkeys = \"/k\"\n"
      "[mail]\nrelay = \"[::1]:2525\"\ntls = \"none\"\nfrom = \"codes@example.com\"\n"
      "[limits]\nfactor = 50\n[log]\nlevel = \"warn\"\n" +
      kOrganisation);
  ASSERT_TRUE(settings) << settings.error().text;
  EXPECT_EQ(settings->trusted_proxies.size(), 2u);
  EXPECT_EQ(settings->database(), "/etc/keys/state/keys.sqlite");
  EXPECT_EQ(settings->keys, "/k");
  EXPECT_EQ(settings->mail.tls, smtp::TlsPolicy::kNone);
  EXPECT_EQ(settings->mail.from, "codes@example.com");
  EXPECT_EQ(settings->limits_factor, 50);
  const auto* acme = settings->organisations->find("acme");
  ASSERT_NE(acme, nullptr);
  EXPECT_EQ(acme->name, "Acme Ltd");
  EXPECT_EQ(acme->domains, std::vector<std::string>{"acme.example"});
  EXPECT_EQ(acme->token_sha256[31], 1);
}

TEST(SettingsTest, MistakesAreNamed) {
  const auto with = [](const std::string& find, const std::string& replace) {
    auto text = kServer + kOrganisation;
    text.replace(text.find(find), find.size(), replace);
    return text;
  };
  struct Row {
    const char* title;
    std::string text;
    const char* named;
  };
  const std::vector<Row> rows = {
      {"no origin", "[server]\n", "origin"},
      {"origin without a scheme", with("https://keys.example.com", "keys.example.com"), "origin"},
      {"origin with a path", with("example.com\"", "example.com/\""), "origin"},
      {"origin with the usual port", with("example.com\"", "example.com:443\""), "as browsers write it"},
      {"origin in capitals", with("keys.example", "Keys.example"), "as browsers write it"},
      {"origin in clear", with("https://", "http://"), "https://"},
      {"all addresses without TLS", with("[server]\n", "[server]\nlisten = \"0.0.0.0:80\"\n"), "listen"},
      {"key without certificate", with("[server]\n", "[server]\ntls_key = \"k.pem\"\n"), "tls_certificate"},
      {"proxy that is none", with("[server]\n", "[server]\ntrusted_proxies = [\"proxy\"]\n"), "trusted_proxies"},
      {"unknown key", with("[server]\n", "[server]\nlissten = 1\n"), "lissten"},
      {"sender that is none", with("[[", "[mail]\nfrom = \"codes\"\n[["), "from"},
      {"id in capitals", with("\"acme\"", "\"Acme\""), "id"},
      {"no domains", with("[\"Acme.example\"]", "[]"), "domains"},
      {"domain that is none", with("Acme.example", "acme example"), "domains"},
      {"short signing key", with("[\"AQAA", "[\"AA"), "signing_keys"},
      {"no signing key", with("[\"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"]", "[]"), "signing_keys"},
      {"token itself instead of its hash", with("\"0101", "\"xyz"), "token_sha256"},
      {"the same organisation twice", kServer + kOrganisation + kOrganisation, "acme"},
      {"limits of nothing", with("[[", "[limits]\nfactor = 0\n[["), "factor"},
  };
  for (const auto& row : rows) {
    const auto settings = read(row.text);
    ASSERT_FALSE(settings) << row.title;
    EXPECT_EQ(settings.error().code, Code::kInvalid) << row.title;
    EXPECT_NE(settings.error().text.find(row.named), std::string::npos) << row.title << ": " << settings.error().text;
  }
}

}  // namespace
}  // namespace bulla::keyserver
