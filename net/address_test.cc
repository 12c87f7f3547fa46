#include "net/address.h"

#include <gtest/gtest.h>

namespace bulla::net {
namespace {

TEST(Endpoint, Parses) {
  struct Row {
    const char* text;
    std::uint16_t standard;
    Endpoint endpoint;
    const char* again;
  } rows[] = {
      {"127.0.0.1:25", 0, {"127.0.0.1", 25}, "127.0.0.1:25"},
      {"mail.example.org:587", 0, {"mail.example.org", 587}, "mail.example.org:587"},
      {"[::1]:25", 0, {"::1", 25}, "[::1]:25"},
      {"*:25", 0, {"::", 25}, "[::]:25"},
      {"example.org", 25, {"example.org", 25}, "example.org:25"},
      {"[2001:db8::1]", 25, {"2001:db8::1", 25}, "[2001:db8::1]:25"},
      {"127.0.0.1:0", 25, {"127.0.0.1", 0}, "127.0.0.1:0"},
      {"127.0.0.1:65535", 0, {"127.0.0.1", 65535}, "127.0.0.1:65535"},
  };
  for (const auto& row : rows) {
    const auto endpoint = parse_endpoint(row.text, row.standard);
    ASSERT_TRUE(endpoint) << row.text << ": " << endpoint.error().text;
    EXPECT_EQ(*endpoint, row.endpoint);
    EXPECT_EQ(endpoint->text(), row.again);
  }
}

TEST(Endpoint, Refuses) {
  for (const auto* text : {"", ":25", "a:", "a:x", "a:65536", "a:-1", "a:+1", "a: 25", "::1:25", "::1", "[::1",
                           "[::1]25", "[example.org]:25", "a b:25", "http://a:25", "a/b:25", "user@a:25", "a"})
    EXPECT_FALSE(parse_endpoint(text)) << text;
}

TEST(IpNetwork, Contains) {
  struct Row {
    const char* network;
    const char* address;
    bool inside;
  } rows[] = {
      {"10.0.0.0/8", "10.255.1.2", true},
      {"10.0.0.0/8", "11.0.0.1", false},
      {"192.0.2.7", "192.0.2.7", true},
      {"192.0.2.7", "192.0.2.6", false},
      {"0.0.0.0/0", "203.0.113.9", true},
      {"0.0.0.0/0", "2001:db8::1", false},
      {"10.0.0.0/8", "::ffff:10.1.1.1", true},
      {"2001:db8::/33", "2001:db8:7fff::1", true},
      {"2001:db8::/33", "2001:db8:8000::1", false},
      {"::1", "::1", true},
      {"::/0", "::1", true},
      {"10.0.0.0/8", "not an address", false},
      {"10.0.0.0/8", "", false},
      {"192.0.2.128/25", "192.0.2.127", false},
      {"192.0.2.128/25", "192.0.2.128", true},
  };
  for (const auto& row : rows) {
    const auto network = IpNetwork::parse(row.network);
    ASSERT_TRUE(network) << network.error().text;
    EXPECT_EQ(network->contains(row.address), row.inside) << row.network << ' ' << row.address;
  }
}

TEST(IpNetwork, Refuses) {
  for (const auto* text : {"", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.1.0.0/8", "2001:db8::1/64",
                           "::/129", "example.org", "10.0.0/8", "10.0.0.0/8/8"})
    EXPECT_FALSE(IpNetwork::parse(text)) << text;
}

TEST(Address, LoopbackAndMapping) {
  for (const auto* text : {"127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"}) EXPECT_TRUE(is_loopback(text)) << text;
  for (const auto* text : {"128.0.0.1", "::2", "localhost", ""}) EXPECT_FALSE(is_loopback(text)) << text;
  EXPECT_EQ(plain_address("::ffff:10.0.0.1"), "10.0.0.1");
  EXPECT_EQ(plain_address("2001:DB8::1"), "2001:db8::1");
  EXPECT_EQ(plain_address("unknown"), "unknown");
}

}  // namespace
}  // namespace bulla::net
