#include "keyserver/requests.h"

#include <gtest/gtest.h>

#include "core/base/encoding.h"

namespace bulla::keyserver {
namespace {

const std::string kId = base64url(ByteArray<22>{1, 2, 3});

// A batch of one envelope; `envelope` and `recipient` are members that are added or replace others (the last counts).
std::string batch(const std::string& envelope = {}, const std::string& recipient = {}) {
  return R"({"envelopes":[{"id":")" + kId +
         R"(","sender":"ann@acme.example","sender_name":"","date":"2026-11-24T08:15:00.000Z","expires":null,)" +
         R"("recipients":[{"address":"bob@example.org","shares":[{"to":"release:abc","stanza":"-> X25519 a\nb\n"}])" +
         recipient + "}]" + envelope + "}]}";
}

TEST(RequestsTest, ReadsABatch) {
  const auto parsed = parse_register(batch());
  ASSERT_TRUE(parsed) << parsed.error().text;
  ASSERT_EQ(parsed->envelopes.size(), 1u);
  const auto& envelope = parsed->envelopes[0];
  EXPECT_EQ(base64url(envelope.id), kId);
  EXPECT_EQ(envelope.sender, "ann@acme.example");
  EXPECT_EQ(envelope.sender_name, "");
  EXPECT_EQ(envelope.date, 1795508100000);
  EXPECT_EQ(envelope.expires, std::nullopt);
  ASSERT_EQ(envelope.recipients.size(), 1u);
  EXPECT_EQ(envelope.recipients[0].address, "bob@example.org");
  EXPECT_EQ(envelope.recipients[0].share.to, "release:abc");
  EXPECT_EQ(envelope.recipients[0].share.stanza, "-> X25519 a\nb\n");
}

TEST(RequestsTest, ABatchWithAMistakeNamesTheField) {
  struct Row {
    const char* title;
    std::string body;
    const char* named;
  };
  const std::vector<Row> rows = {
      {"no envelopes", "{}", "envelopes: is missing"},
      {"envelopes of another type", R"({"envelopes":{}})", "envelopes: must be an array"},
      {"no envelope in it", R"({"envelopes":[]})", "envelopes: is empty"},
      {"an envelope of another type", R"({"envelopes":[1]})", "envelopes[0].an object"},
      {"id cut", batch(R"(,"id":"AAAA")"), "envelopes[0].id: is not an envelope id"},
      {"id too long", batch(R"(,"id":")" + kId + R"(AAAA")"), "envelopes[0].id: is too long"},
      {"id of another type", batch(R"(,"id":1)"), "envelopes[0].id: must be a string"},
      {"date without a zone", batch(R"(,"date":"2026-11-24 08:15")"), "envelopes[0].date"},
      {"expires of another type", batch(R"(,"expires":5)"), "envelopes[0].expires"},
      {"sender of another type", batch(R"(,"sender":[])"), "envelopes[0].sender: must be a string"},
      {"sender name too long", batch(R"(,"sender_name":")" + std::string(16 * 1024 + 1, 'a') + "\""),
       "sender_name: is too long"},
      {"no recipients", batch(R"(,"recipients":[])"), "envelopes[0].recipients: is empty"},
      {"address of another type", batch("", R"(,"address":null)"), "recipients[0].address: must be a string"},
      {"no shares", batch("", R"(,"shares":[])"), "recipients[0].shares: is empty"},
      {"two shares", batch("", R"(,"shares":[{"to":"a","stanza":"b"},{"to":"a","stanza":"b"}])"),
       "shares: must be one"},
      {"share without a stanza", batch("", R"(,"shares":[{"to":"a"}])"), "shares[0].stanza: is missing"},
      {"stanza too long", batch("", R"(,"shares":[{"to":"a","stanza":")" + std::string(2049, 'a') + "\"}]"),
       "stanza: is too long"},
  };
  for (const auto& row : rows) {
    const auto parsed = parse_register(row.body);
    ASSERT_FALSE(parsed) << row.title;
    EXPECT_EQ(parsed.error().code, Code::kInvalid) << row.title;
    EXPECT_NE(parsed.error().text.find(row.named), std::string::npos) << row.title << ": " << parsed.error().text;
  }
}

TEST(RequestsTest, WhatIsWrongWithOneRecipientDoesNotSpoilTheBatch) {
  EXPECT_TRUE(parse_register(batch(R"(,"sender":"")")));
  EXPECT_TRUE(parse_register(batch("", R"(,"address":"")")));
  EXPECT_TRUE(parse_register(batch("", R"(,"shares":[{"to":"","stanza":""}])")));
  EXPECT_TRUE(parse_register(batch("", R"(,"shares":[{"to":"a","stanza":")" + std::string(600, 'a') + "\"}]")));
}

TEST(RequestsTest, ABatchHasAtMostFiveHundredRecipientsInAll) {
  const std::string recipient = R"({"address":"b@e.org","shares":[{"to":"a","stanza":"b"}]})";
  const auto many = [&](int envelopes, int each) {
    std::string list = recipient;
    for (int i = 1; i < each; ++i) list += "," + recipient;
    const std::string one = R"({"id":")" + kId +
                            R"(","sender":"a","sender_name":"","date":"2026-11-24T08:15:00.000Z","expires":null,)" +
                            R"("recipients":[)" + list + "]}";
    std::string all = one;
    for (int i = 1; i < envelopes; ++i) all += "," + one;
    return parse_register(R"({"envelopes":[)" + all + "]}");
  };
  EXPECT_TRUE(many(1, 500));
  EXPECT_TRUE(many(5, 100));
  EXPECT_TRUE(many(500, 1));
  EXPECT_FALSE(many(1, 501));
  EXPECT_FALSE(many(5, 101));
  EXPECT_FALSE(many(501, 1));
}

TEST(RequestsTest, SmallBodiesAreRead) {
  EXPECT_EQ(parse_code(R"({"address":" Bob@Example.ORG "})")->address.text(), "bob@example.org");
  EXPECT_EQ(parse_verify(R"({"request":"r","code":"1234 5678"})")->code, "1234 5678");
  EXPECT_EQ(parse_registration_start(R"({"ticket":"t","message":"AAEC"})")->message, (Bytes{0, 1, 2}));
  EXPECT_EQ(parse_session_finish(R"({"login":"l","message":"AAEC"})")->login, "l");
  EXPECT_EQ(parse_look(R"({"envelope":")" + kId + R"(","address":"b@example.org"})")->envelope,
            (store::EnvelopeId{1, 2, 3}));
  EXPECT_EQ(parse_directory(R"({"addresses":[]})")->addresses.size(), 0u);
  EXPECT_TRUE(parse_nothing("{}"));
  const auto account =
      parse_registration_finish(R"({"ticket":"t","message":"AAEC","recipient":"age1x","identity":"AwQ"})");
  ASSERT_TRUE(account);
  EXPECT_EQ(account->record, (Bytes{0, 1, 2}));
  EXPECT_EQ(account->identity, (Bytes{3, 4}));
}

TEST(RequestsTest, SmallBodiesWithMistakesAreRefused) {
  const auto large = base64url(Bytes(4097));
  EXPECT_FALSE(parse_code(R"({"address":"bob"})"));
  EXPECT_FALSE(parse_code(R"({"address":["bob@example.org"]})"));
  EXPECT_FALSE(parse_verify(R"({"request":"r","code":12345678})"));
  EXPECT_FALSE(parse_registration_start(R"({"ticket":"t","message":"AAEC="})"));
  EXPECT_FALSE(parse_registration_start(R"({"ticket":"t","message":"+/+/"})"));
  EXPECT_FALSE(parse_registration_start(R"({"ticket":"t","message":""})"));
  EXPECT_FALSE(parse_registration_finish(R"({"ticket":"t","message":"AAEC","recipient":"age1x","identity":")" + large +
                                         R"("})"));
  EXPECT_FALSE(parse_look(R"({"envelope":"x","address":"b@example.org"})"));
  EXPECT_FALSE(parse_directory(R"({"addresses":[1]})"));
  std::string many = R"({"addresses":["a")";
  for (int i = 0; i < 500; ++i) many += R"(,"a")";
  EXPECT_FALSE(parse_directory(many + "]}"));
  EXPECT_FALSE(parse_nothing("null"));
}

TEST(RequestsTest, AfterIsANumber) {
  EXPECT_EQ(*parse_after(""), 0);
  EXPECT_EQ(*parse_after("after=0"), 0);
  EXPECT_EQ(*parse_after("x=1&after=9223372036854775807"), INT64_MAX);
  for (const char* query : {"after=", "after=-1", "after=1x", "after=9223372036854775808", "before=1", "after"})
    EXPECT_FALSE(parse_after(query)) << query;
}

}  // namespace
}  // namespace bulla::keyserver
