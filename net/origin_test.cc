#include "net/origin.h"

#include <gtest/gtest.h>

namespace bulla::net {
namespace {

TEST(Origin, Parses) {
  struct Row {
    std::string_view text;
    std::string_view origin;
    std::string_view host;
  };
  const Row rows[] = {
      {"https://keys.example.com", "https://keys.example.com", "keys.example.com"},
      {"https://keys.example.com/", "https://keys.example.com", "keys.example.com"},
      {"HTTPS://Keys.Example.COM:8443", "https://keys.example.com:8443", "keys.example.com"},
      {"https://keys.example.com:443/", "https://keys.example.com", "keys.example.com"},
      {"https://keys.example.com:", "https://keys.example.com", "keys.example.com"},
      {"https://keys.example.com:80", "https://keys.example.com:80", "keys.example.com"},
      {"https://keys.example.com:08443", "https://keys.example.com:8443", "keys.example.com"},
      {"https://[2001:db8::1]:8443", "https://[2001:db8::1]:8443", "2001:db8::1"},
      {"http://localhost:8443", "http://localhost:8443", "localhost"},
      {"http://127.0.0.1:80", "http://127.0.0.1", "127.0.0.1"},
      {"http://[::1]:8443", "http://[::1]:8443", "::1"},
  };
  for (const auto& row : rows) {
    const auto origin = parse_origin(row.text);
    ASSERT_TRUE(origin) << row.text << ": " << origin.error().text;
    EXPECT_EQ(origin->text, row.origin) << row.text;
    EXPECT_EQ(origin->host, row.host) << row.text;
  }
}

TEST(Origin, Refuses) {
  for (const char* text : {"",
                           "keys.example.com",
                           "https://",
                           "https:///",
                           "ftp://keys.example.com",
                           "https://keys.example.com/open",
                           "https://keys.example.com//",
                           "https://keys.example.com?x",
                           "https://keys.example.com#x",
                           "https://user@keys.example.com",
                           "https://keys.example.com@evil.example",
                           "https://keys.example.com:0",
                           "https://keys.example.com:65536",
                           "https://keys.example.com:x",
                           "https://keys%2eexample.com",
                           "https://$(id).example.com",
                           "https://keys;id.example.com",
                           "https://keys&id",
                           "https://keys'id'",
                           "https://*.example.com",
                           "https://[v1.x]",
                           "https://keys example.com",
                           " https://keys.example.com",
                           "javascript:alert(1)",
                           "http://keys.example.com",
                           "http://localhost.example.com",
                           "http://127.evil.example",
                           "http://127.0.0.1.evil.example",
                           "http://localhost@evil.example"}) {
    const auto origin = parse_origin(text);
    ASSERT_FALSE(origin) << text;
    EXPECT_EQ(origin.error().code, Code::kInvalid) << text;
    EXPECT_FALSE(origin.error().hint.empty()) << text;
  }
}

}  // namespace
}  // namespace bulla::net
