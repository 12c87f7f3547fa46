#include "net/http_message.h"

#include <gtest/gtest.h>

namespace bulla::net {
namespace {

TEST(HttpHeaders, NamesWithoutCase) {
  HttpHeaders headers;
  headers.add("Set-Cookie", "a");
  headers.add("set-cookie", "b");
  headers.add("X-Other", "c");
  EXPECT_EQ(headers.find("SET-COOKIE"), "a");
  EXPECT_EQ(headers.fields().size(), 3u);
  headers.set("Set-Cookie", "d");
  EXPECT_EQ(headers.fields().size(), 2u);
  EXPECT_EQ(headers.find("set-cookie"), "d");
  headers.remove("x-OTHER");
  EXPECT_FALSE(headers.find("X-Other"));
}

TEST(HttpHeaders, TextFromOutsideIsChecked) {
  HttpHeaders headers;
  EXPECT_TRUE(headers.try_add("X", "tab\tand \xc3\xbc"));
  for (const auto* name : {"", "a b", "a:", "a\r", "\xc3\xbc", "a\n"}) EXPECT_FALSE(headers.try_add(name, "x")) << name;
  for (const auto* value : {"a\r\nb", "a\n", "\x7f", "\x1b"}) EXPECT_FALSE(headers.try_add("X", value)) << value;
  EXPECT_FALSE(headers.try_add("X", std::string_view("a\0b", 3)));
}

TEST(HttpHeadersDeathTest, OurOwnTextMustBeGood) {
  HttpHeaders headers;
  EXPECT_DEATH(headers.add("X", "a\r\nSet-Cookie: evil"), "");
}

TEST(PercentDecode, Table) {
  EXPECT_EQ(percent_decode("a%20b%2Fc%2f"), "a b/c/");
  EXPECT_EQ(percent_decode("a+b"), "a+b");
  EXPECT_EQ(percent_decode("a+b", true), "a b");
  EXPECT_EQ(percent_decode("%00"), std::string("\0", 1));
  for (const auto* text : {"%", "%4", "%4g", "%zz", "a%2"}) EXPECT_FALSE(percent_decode(text)) << text;
}

TEST(QueryValue, Table) {
  EXPECT_EQ(query_value("a=1&b=2&a=3", "a"), "1");
  EXPECT_EQ(query_value("a=1&b=%26+x", "b"), "& x");
  EXPECT_EQ(query_value("a&b=", "a"), "");
  EXPECT_EQ(query_value("%61=1", "a"), "1");
  EXPECT_EQ(query_value("a=b=c", "a"), "b=c");
  EXPECT_FALSE(query_value("aa=1", "a"));
  EXPECT_FALSE(query_value("", "a"));
  EXPECT_FALSE(query_value("a=%", "a"));
}

}  // namespace
}  // namespace bulla::net
