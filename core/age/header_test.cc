#include "core/age/header.h"

#include <gtest/gtest.h>

#include "core/age/x25519.h"
#include "core/base/test_random.h"

namespace bulla::age {
namespace {

constexpr ByteArray<kFileKeySize> kFileKey = {1, 2, 3, 4};

X25519Identity identity(std::uint8_t start) {
  bulla::test::FixedRandom random(start);
  return *X25519Identity::generate(random);
}

Bytes header_to(std::initializer_list<const Recipient*> recipients) {
  bulla::test::FixedRandom random(99);
  return *write_header(kFileKey, {recipients.begin(), recipients.size()}, random);
}

Result<Secret> open_with(ByteView header, std::initializer_list<const Identity*> identities) {
  Reader in(header);
  BULLA_TRY(auto read, read_header(in));
  return open_header(read, {identities.begin(), identities.size()});
}

TEST(Header, EachRecipientFindsTheFileKey) {
  const auto a = identity(1), b = identity(50), other = identity(100);
  const auto header = header_to({&a.recipient(), &b.recipient()});
  for (auto* key : {&a, &b}) {
    auto opened = open_with(header, {key});
    ASSERT_TRUE(opened) << opened.error().text;
    EXPECT_TRUE(equal_public(opened->reveal(), kFileKey));
    EXPECT_TRUE(open_with(header, {&other, key})) << "the second identity is tried too";
  }
  auto denied = open_with(header, {&other});
  ASSERT_FALSE(denied);
  EXPECT_EQ(denied.error().code, Code::kDenied);
  EXPECT_EQ(open_with(header, {}).error().code, Code::kDenied);
}

TEST(Header, EachChangedByteIsNoticed) {
  const auto key = identity(1);
  const auto header = header_to({&key.recipient()});
  ASSERT_TRUE(open_with(header, {&key}));
  for (std::size_t i = 0; i < header.size(); ++i)
    for (int change : {0x01, 0x02, 0x20, 0x80}) {
      auto changed = header;
      changed[i] = static_cast<std::uint8_t>(changed[i] ^ change);
      EXPECT_FALSE(open_with(changed, {&key})) << i;
    }
}

TEST(Header, AddedAndRemovedStanzasAreNoticed) {
  const auto a = identity(1), b = identity(50);
  const auto two = header_to({&a.recipient(), &b.recipient()});
  const auto one = header_to({&a.recipient()});
  Reader in(two), in_one(one);
  auto header = *read_header(in);
  header.mac = read_header(in_one)->mac;  // MAC of a header with the same file key
  const Identity* identities[] = {&a};
  auto opened = open_header(header, identities);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Code::kAuthentic);
}

TEST(Header, EndIsFoundAtTheSamePlaceInAnyPieces) {
  const auto key = identity(1);
  auto file = header_to({&key.recipient(), &key.recipient()});
  const auto size = file.size();
  append(file, "payload\n--- more\n");
  HeaderScanner scanner;
  for (std::size_t have = 0; have < size; ++have) {
    auto found = scanner.scan(ByteView(file).first(have));
    ASSERT_TRUE(found) << have;
    EXPECT_FALSE(*found) << have;
  }
  EXPECT_EQ(**scanner.scan(ByteView(file).first(size)), size);
  EXPECT_EQ(**header_size(file), size);
  Reader in(file);
  ASSERT_TRUE(read_header(in));
  EXPECT_EQ(as_text(in.rest()), "payload\n--- more\n");
}

TEST(Header, WhatCannotBecomeAHeaderIsRefusedAtOnce) {
  struct Row {
    const char* title;
    std::string start;
  };
  const Row rows[] = {
      {"another format", "-----BEGIN"},
      {"another version", "age-encryption.org/v2"},
      {"longer version", "age-encryption.org/v11"},
      {"CRLF", "age-encryption.org/v1\r"},
      {"no stanza", "age-encryption.org/v1\nhello\n"},
      {"a line without end", "age-encryption.org/v1\n-> " + std::string(kMaxStanzaLine, 'a')},
      {"a body without end", "age-encryption.org/v1\n-> t\n" +
                                 [] {
                                   std::string lines;
                                   while (lines.size() < kMaxHeader) lines += std::string(64, 'A') + "\n";
                                   return lines;
                                 }()},
  };
  for (auto& row : rows) {
    auto found = header_size(as_bytes(row.start));
    ASSERT_FALSE(found) << row.title;
    EXPECT_EQ(found.error().code, Code::kInvalid) << row.title;
    Reader in(as_bytes(row.start));
    EXPECT_FALSE(read_header(in)) << row.title;
  }
}

TEST(Header, StanzasAreBounded) {
  std::vector<Stanza> stanzas(kMaxStanzas, Stanza{"t", {}, {}});
  auto header = write_header(kFileKey, stanzas);
  Reader in(header);
  EXPECT_TRUE(read_header(in));
  const std::string version = "age-encryption.org/v1\n";
  header.insert(header.begin() + static_cast<std::ptrdiff_t>(version.size()), {'-', '>', ' ', 't', '\n', '\n'});
  Reader more(header);
  EXPECT_FALSE(read_header(more));
}

TEST(Header, NoneWithoutAStanza) {
  Reader in(as_bytes("age-encryption.org/v1\n--- AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"));
  EXPECT_FALSE(read_header(in));
}

TEST(Header, FailingRandomnessIsAnError) {
  const auto key = identity(1);
  const Recipient* recipients[] = {&key.recipient(), &key.recipient()};
  int good = 0;
  for (;; ++good) {
    bulla::test::FailingRandom random(good);
    auto header = write_header(kFileKey, recipients, random);
    if (header) break;
    EXPECT_EQ(header.error().code, Code::kUnavailable);
  }
  EXPECT_EQ(good, 2) << "one ephemeral key for each recipient";
}

}  // namespace
}  // namespace bulla::age
