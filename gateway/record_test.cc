#include "gateway/record.h"

#include <gtest/gtest.h>

namespace bulla::gateway {
namespace {

Record sample() {
  Record record;
  record.sender = smtp::Mailbox{"ann", "acme.example"};
  record.size = 0x1'0000'0001;
  record.eight_bit = true;
  record.trace = "Received: x\r\n";
  record.fields = "From: a\r\n";
  record.subject = "Subject: s\r\n";
  record.sealed = SealedPart{"id", {"ann@acme.example", "Ann"}, 1234567890123, 99};
  record.recipients.push_back(
      {{"bob", "x.example"}, Secret::copy_of(as_bytes("header")), Secret::copy_of(as_bytes("share"))});
  record.recipients.push_back({{"odd \"one", "x.example"}, Secret::copy_of(as_bytes("header 2")), {}});
  return record;
}

TEST(RecordTest, RoundTrip) {
  const auto encoded = encode(sample());
  const auto back = decode(encoded.reveal());
  ASSERT_TRUE(back);
  EXPECT_EQ(as_text(encode(*back).reveal()), as_text(encoded.reveal()));
  EXPECT_EQ(back->sender->text(), "ann@acme.example");
  EXPECT_EQ(back->size, 0x1'0000'0001u);
  EXPECT_TRUE(back->eight_bit);
  EXPECT_FALSE(back->report);
  EXPECT_EQ(back->sealed->from.name, "Ann");
  EXPECT_EQ(back->sealed->date, 1234567890123);
  EXPECT_EQ(back->sealed->expires, 99);
  ASSERT_EQ(back->recipients.size(), 2u);
  EXPECT_EQ(as_text(back->recipients[0].server_share.reveal()), "share");
  EXPECT_EQ(back->recipients[1].address.local, "odd \"one");
  EXPECT_TRUE(back->recipients[1].server_share.empty());
}

TEST(RecordTest, WithoutWhatMayBeMissing) {
  Record record;
  record.report = true;
  record.recipients.push_back({{"bob", "x.example"}, {}, {}});
  const auto back = decode(encode(record).reveal());
  ASSERT_TRUE(back);
  EXPECT_FALSE(back->sender);
  EXPECT_FALSE(back->sealed);
  EXPECT_TRUE(back->report);
}

TEST(RecordTest, NothingElseIsRead) {
  const auto encoded = encode(sample());
  const auto bytes = encoded.reveal();
  for (std::size_t size = 0; size < bytes.size(); ++size) EXPECT_FALSE(decode(bytes.first(size))) << size;
  auto longer = to_bytes(bytes);
  longer.push_back(0);
  EXPECT_FALSE(decode(longer));
  auto other = to_bytes(bytes);
  other[0] = 2;
  EXPECT_FALSE(decode(other));
  Record nobody;
  EXPECT_FALSE(decode(encode(nobody).reveal()));
  // A length beyond the end.
  for (std::size_t i = 0; i + 4 <= bytes.size(); ++i) {
    auto spoiled = to_bytes(bytes);
    spoiled[i] = 0xff;
    (void)decode(spoiled);
  }
}

}  // namespace
}  // namespace bulla::gateway
