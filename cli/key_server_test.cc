#include "cli/key_server.h"

#include <gtest/gtest.h>

#include "cli/account.h"
#include "core/age/file.h"

namespace bulla::cli {
namespace {

TEST(Origin, MistakesShowTheTextWithoutItsTricks) {
  EXPECT_EQ(*check_origin("HTTPS://Keys.Example.COM:443/"), "https://keys.example.com");
  const auto origin = check_origin("https://keys.example.com/\x1b[2J");
  ASSERT_FALSE(origin);
  EXPECT_TRUE(origin.error().text.starts_with("'https://keys.example.com/")) << origin.error().text;
  EXPECT_EQ(origin.error().text.find('\x1b'), std::string::npos);
}

TEST(Json, FieldsAreAskedForWithTheirType) {
  const auto object =
      JsonObject::parse(R"({"t":"x","n":1,"b":"AAEC","bad":"AA=","l":["a","b"],"m":["a",1],"o":{"t":"y"}})");
  ASSERT_TRUE(object);
  EXPECT_EQ(*object->text("t"), "x");
  EXPECT_EQ(*object->binary("b"), (Bytes{0, 1, 2}));
  EXPECT_EQ(*object->texts("l"), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(*object->object("o")->text("t"), "y");
  EXPECT_EQ(object->text_or("t", "z"), "x");
  EXPECT_EQ(object->text_or("n", "z"), "z");
  EXPECT_EQ(object->integer_or("n", 7), 1);
  EXPECT_EQ(object->integer_or("t", 7), 7);
  for (const char* name : {"n", "l", "o", "none"}) EXPECT_FALSE(object->text(name)) << name;
  for (const char* name : {"n", "bad", "none"}) EXPECT_FALSE(object->binary(name)) << name;
  for (const char* name : {"t", "m", "none"}) EXPECT_FALSE(object->texts(name)) << name;
  for (const char* name : {"t", "none"}) EXPECT_FALSE(object->object(name)) << name;
}

TEST(Json, OnlyShallowObjectsAreTaken) {
  for (const char* text : {"", "[]", "1", "{", "{}x", "\"a\""}) EXPECT_FALSE(JsonObject::parse(text)) << text;
  EXPECT_FALSE(JsonObject::parse("{\"a\":" + std::string(100, '[') + std::string(100, ']') + "}"));
}

TEST(Identity, OpensWithItsExportKeyOnly) {
  SystemRandom random;
  const auto identity = age::X25519Identity::generate(random);
  ASSERT_TRUE(identity);
  const auto key = Secret::copy_of(Bytes(64, 7));
  const auto wrapped = wrap_identity(*identity, key, random);
  ASSERT_TRUE(wrapped);
  const auto unwrapped = unwrap_identity(*wrapped, key);
  ASSERT_TRUE(unwrapped);
  EXPECT_EQ(unwrapped->recipient().text(), identity->recipient().text());

  EXPECT_FALSE(unwrap_identity(*wrapped, Secret::copy_of(Bytes(64, 8))));
  auto damaged = *wrapped;
  damaged.back() ^= 1;
  EXPECT_FALSE(unwrap_identity(damaged, key));
  EXPECT_FALSE(unwrap_identity(Bytes(5000, 0), key));
}

}  // namespace
}  // namespace bulla::cli
