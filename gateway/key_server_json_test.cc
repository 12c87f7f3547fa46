#include "gateway/key_server_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bulla::gateway {
namespace {

using testing::ElementsAre;

std::vector<NewEnvelope> asked() {
  NewEnvelope one{"ID1", "ann@acme.example", "Ann \"A\"", 0, 90 * kDay, {}};
  one.recipients.push_back({"bob@x.example", {{"release:k", "-> X25519 a\nb\n"}}});
  one.recipients.push_back({"carol@x.example", {{"age1x", "s"}}});
  NewEnvelope two{"ID2", "ann@acme.example", "", kDay, std::nullopt, {}};
  two.recipients.push_back({"bob@x.example", {{"age1x", "s"}}});
  return {one, two};
}

TEST(KeyServerJson, Requests) {
  EXPECT_EQ(directory_request({"a@x.example", "\"b\"@x.example"}),
            R"({"addresses":["a@x.example","\"b\"@x.example"]})");
  EXPECT_EQ(
      register_request(asked()),
      R"({"envelopes":[{"id":"ID1","sender":"ann@acme.example","sender_name":"Ann \"A\"","date":"1970-01-01T00:00:00.000Z",)"
      R"("expires":"1970-04-01T00:00:00.000Z","recipients":[{"address":"bob@x.example","shares":[{"to":"release:k",)"
      R"("stanza":"-> X25519 a\nb\n"}]},{"address":"carol@x.example","shares":[{"to":"age1x","stanza":"s"}]}]},)"
      R"({"id":"ID2","sender":"ann@acme.example","sender_name":"","date":"1970-01-02T00:00:00.000Z","expires":null,)"
      R"("recipients":[{"address":"bob@x.example","shares":[{"to":"age1x","stanza":"s"}]}]}]})");
}

TEST(KeyServerJson, Directory) {
  const auto read = read_directory(
      R"({"time":"2026-01-01T00:00:00.000Z","more":1,"release_key":{"id":"k","recipient":"age1r"},"keys":{"a@x":["age1a","age1b"],"b@x":[]}})");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->release_id, "k");
  EXPECT_EQ(read->release_key, "age1r");
  EXPECT_EQ(read->time, 1767225600000);
  EXPECT_THAT(read->keys.at("a@x"), ElementsAre("age1a", "age1b"));
  EXPECT_TRUE(read->keys.at("b@x").empty());
}

TEST(KeyServerJson, WhatIsNoDirectory) {
  for (const auto* text :
       {"", "x", "[]", "{}", R"({"keys":{}})", R"({"release_key":{},"keys":{}})",
        R"({"release_key":{"id":1,"recipient":"a"},"keys":{}})", R"({"release_key":{"id":"k","recipient":"a"}})",
        R"({"release_key":{"id":"k","recipient":"a"},"keys":[]})",
        R"({"release_key":{"id":"k","recipient":"a"},"keys":{"a":1}})",
        R"({"release_key":{"id":"k","recipient":"a"},"keys":{"a":[1]}})",
        R"({"release_key":{"id":"k","recipient":"a"},"keys":{}} trailing)"}) {
    const auto read = read_directory(text);
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().code, Code::kUnavailable);
  }
  EXPECT_FALSE(read_directory(std::string(100'000, '[')));
}

const std::string kGood =
    R"({"results":[{"id":"ID1","recipients":[{"address":"bob@x.example","status":"registered"},)"
    R"({"address":"carol@x.example","status":"outdated","reason":"old"}]},)"
    R"({"id":"ID2","recipients":[{"address":"bob@x.example","status":"refused","reason":"no"}]}]})";

TEST(KeyServerJson, Results) {
  const auto read = read_results(kGood, asked());
  ASSERT_TRUE(read);
  EXPECT_EQ((*read)[0][0].status, RegisterStatus::kRegistered);
  EXPECT_EQ((*read)[0][1].status, RegisterStatus::kOutdated);
  EXPECT_EQ((*read)[1][0].status, RegisterStatus::kRefused);
  EXPECT_EQ((*read)[1][0].reason, "no");
}

TEST(KeyServerJson, ResultsOfSomethingElse) {
  const std::pair<const char*, const char*> changes[] = {{"ID1", "ID9"},
                                                         {"bob@x.example", "eve@x.example"},
                                                         {"registered", "fine"},
                                                         {"\"registered\"", "true"},
                                                         {"\"results\"", "\"no\""},
                                                         {"{\"address\":\"carol@x.example\",", "{"},
                                                         {"\"ID2\"", "2"},
                                                         {"}]}]}", "}]}]"}};
  for (const auto& [from, to] : changes) {
    auto text = kGood;
    text.replace(text.find(from), std::string(from).size(), to);
    const auto read = read_results(text, asked());
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().code, Code::kUnavailable);
  }
  EXPECT_FALSE(read_results(kGood, {asked()[0]}));
  EXPECT_FALSE(read_results(R"({"results":[]})", asked()));
}

TEST(KeyServerJson, Errors) {
  struct Row {
    unsigned status;
    Code code;
  };
  for (const auto& [status, code] :
       {Row{401, Code::kDenied}, Row{403, Code::kDenied}, Row{400, Code::kInvalid}, Row{413, Code::kInvalid},
        Row{404, Code::kInvalid}, Row{429, Code::kTooMany}, Row{500, Code::kUnavailable}, Row{503, Code::kUnavailable},
        Row{302, Code::kUnavailable}}) {
    const auto error = read_error(status, R"({"error":{"code":"x","message":"Because."}})");
    EXPECT_EQ(error.code, code) << status;
    EXPECT_EQ(error.text, "the key server answered " + std::to_string(status) + ": Because.");
  }
  EXPECT_EQ(read_error(500, "<html>").text, "the key server answered 500");
}

}  // namespace
}  // namespace bulla::gateway
