#include "core/envelope/split.h"

#include <gtest/gtest.h>

#include "core/base/encoding.h"
#include "core/crypto/equal.h"
#include "core/envelope/testing.h"

namespace bulla::envelope {
namespace {

struct Split : ::testing::Test {
  testing::SeededRandom random{"split"};
  EnvelopeId id = *EnvelopeId::make(ManualClock(1), random);
  Bytes file_key = random.bytes(16);
  Shares shares = *Shares::make(random);

  age::Stanza stanza() { return *SplitRecipient(id, shares.clone()).wrap(file_key, random); }
  std::optional<Secret> open(const age::Stanza& stanza, const EnvelopeId& of, ByteView share) {
    return std::move(SplitIdentity::from_share(of, share)->unwrap({&stanza, 1}).value());
  }
};

TEST_F(Split, OpensWithItsServerShare) {
  const auto opened = open(stanza(), id, shares.server.reveal());
  ASSERT_TRUE(opened);
  EXPECT_TRUE(crypto::equal(opened->reveal(), file_key));
}

TEST_F(Split, IsTheFormatsStanza) {
  const auto made = stanza();
  EXPECT_EQ(made.type, "bulla-split");
  ASSERT_EQ(made.args.size(), 3U);
  EXPECT_EQ(made.args[0], id.text());
  EXPECT_EQ(made.args[1], base64url(shares.envelope.reveal()));
  EXPECT_EQ(made.args[2], "-");
  EXPECT_EQ(made.body.size(), 32U);
}

TEST_F(Split, IsNotAnotherRecipientsNorAnotherMessages) {
  const auto other = *Shares::make(random);
  EXPECT_FALSE(open(stanza(), id, other.server.reveal()));
  EXPECT_FALSE(open(stanza(), *EnvelopeId::make(ManualClock(1), random), shares.server.reveal()));
  auto exchanged = stanza();
  exchanged.args[1] = base64url(other.envelope.reveal());
  EXPECT_FALSE(open(exchanged, id, shares.server.reveal()));
  const age::Stanza x25519{"X25519", {"abc"}, Bytes(32)};
  EXPECT_FALSE(open(x25519, id, shares.server.reveal()));
}

TEST_F(Split, EachFlippedBitOfTheBodyIsNoticed) {
  for (std::size_t bit = 0; bit < 256; ++bit) {
    auto changed = stanza();
    changed.body[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    EXPECT_FALSE(open(changed, id, shares.server.reveal())) << bit;
  }
}

TEST_F(Split, RefusesMalformedStanzas) {
  using Change = void (*)(age::Stanza&);
  struct Row {
    const char* title;
    Change change;
  };
  for (const auto& [title, change] :
       {Row{"no arguments", [](auto& s) { s.args.clear(); }},
        {"two arguments", [](auto& s) { s.args.pop_back(); }},
        {"four arguments", [](auto& s) { s.args.push_back("-"); }},
        {"a passphrase's salt", [](auto& s) { s.args[2] = "c2FsdA"; }},
        {"id not base64url", [](auto& s) { s.args[0][0] = '+'; }},
        {"short share", [](auto& s) { s.args[1].pop_back(); }},
        {"share with loose bits", [](auto& s) { s.args[1].back() = s.args[1].back() == 'B' ? 'C' : 'B'; }},
        {"short body", [](auto& s) { s.body.pop_back(); }},
        {"long body", [](auto& s) { s.body.push_back(0); }}}) {
    auto changed = stanza();
    change(changed);
    const auto result = SplitIdentity::from_share(id, shares.server.reveal())->unwrap({&changed, 1});
    ASSERT_FALSE(result) << title;
    EXPECT_EQ(result.error().code, Code::kInvalid) << title;
  }
}

TEST_F(Split, SharesHaveTheirSizes) {
  EXPECT_FALSE(SplitIdentity::from_share(id, Bytes(15)));
  EXPECT_FALSE(SplitIdentity::from_share(id, Bytes(17)));
  for (int good = 0; good < 2; ++good) {
    testing::FailingRandom failing(good);
    EXPECT_FALSE(Shares::make(failing)) << good;
  }
}

TEST_F(Split, AHeaderOfOneStanzaNamesItsEnvelope) {
  const auto text = *recipient_header(file_key, id, shares.clone(), random);
  Reader in(text);
  auto header = *age::read_header(in);
  EXPECT_EQ(*sealed_file_id(header), id);
  header.stanzas.push_back(header.stanzas.front());
  EXPECT_FALSE(sealed_file_id(header));
  header.stanzas.clear();
  EXPECT_FALSE(sealed_file_id(header));
  header.stanzas.push_back({"X25519", {"abc"}, Bytes(32)});
  EXPECT_FALSE(sealed_file_id(header));
}

}  // namespace
}  // namespace bulla::envelope
