#include "gateway/bodies.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/encoding.h"

namespace bulla::gateway {
namespace {

// Pieces gives a body in the pieces of a test.
class Pieces final : public queue::Body {
 public:
  explicit Pieces(std::vector<std::string> pieces) : pieces_(std::move(pieces)) {}
  Result<ByteView> next() override {
    if (at_ == pieces_.size()) return ByteView();
    if (pieces_[at_] == "error") return fail(Code::kAuthentic, "broken");
    return as_bytes(pieces_[at_++]);
  }

 private:
  std::vector<std::string> pieces_;
  std::size_t at_ = 0;
};

class BodiesTest : public testing::Test {
 protected:
  // all reads a source to its end; "error" when it fails before.
  std::string all(std::unique_ptr<net::BodySource> source) {
    std::string out;
    for (;;) {
      const auto piece = loop_.block_on(source->next());
      if (!piece) return "error";
      if (piece->empty()) return out;
      out += as_text(*piece);
    }
  }
  std::string envelope(std::vector<std::string> pieces, std::uint64_t size) {
    return all(
        envelope_body(workers_, {"HEAD\r\n", "\r\nTAIL\r\n"}, std::make_unique<Pieces>(std::move(pieces)), size));
  }
  std::string passed(std::vector<std::string> pieces, std::uint64_t size, std::string trace = "Received: x\r\n") {
    return all(passed_body(workers_, std::move(trace), std::make_unique<Pieces>(std::move(pieces)), size));
  }
  net::Loop loop_;
  net::Workers workers_{1};
};

TEST_F(BodiesTest, EnvelopeIsHeadPayloadTail) {
  EXPECT_EQ(envelope({"abc"}, 3), "HEAD\r\nYWJj\r\nTAIL\r\n");
  EXPECT_EQ(envelope({"a", "b", "c", "d"}, 4), "HEAD\r\nYWJjZA==\r\nTAIL\r\n");
  EXPECT_EQ(envelope({}, 0), "HEAD\r\n\r\nTAIL\r\n");
  EXPECT_EQ(envelope({std::string(57, 'x'), "y"}, 58),
            "HEAD\r\n" + base64(as_bytes(std::string(57, 'x'))) + "\r\neQ==\r\nTAIL\r\n");
}

TEST_F(BodiesTest, PassedIsTraceAndBody) {
  EXPECT_EQ(passed({"ab", "c"}, 3), "Received: x\r\nabc");
  EXPECT_EQ(passed({"abc"}, 3, ""), "abc");
}

TEST_F(BodiesTest, WhatIsIncompleteDoesNotGoOut) {
  for (const std::uint64_t size : {2u, 4u}) {
    EXPECT_EQ(envelope({"abc"}, size), "error");
    EXPECT_EQ(passed({"abc"}, size), "error");
  }
  EXPECT_EQ(envelope({"abc", "error"}, 6), "error");
  EXPECT_EQ(passed({"abc", "error"}, 6), "error");
}

}  // namespace
}  // namespace bulla::gateway
