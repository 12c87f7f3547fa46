// Fail closed: what policy wants sealed is sealed, and comes back byte for byte, or is refused; whatever breaks.
#include "gateway/intake.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <random>
#include <set>

#include "core/base/test_random.h"
#include "core/envelope/open.h"
#include "gateway/house.h"
#include "queue/failing_queue.h"
#include "queue/memory_queue.h"

namespace bulla::gateway {
namespace {

using queue::Stage;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

const std::string kMarker = "MARKER-5c2a";

Settings test_settings() {
  Settings settings;
  settings.hostname = "gw.acme.example";
  settings.organisation = {"acme", "Acme Ltd"};
  settings.rules = {policy::SealMode::kMatching, "[secure]", {"partner.example"}, {"acme.example"}};
  settings.envelope.expires = kDay;
  return settings;
}

Keys test_keys(Random& random) {
  return {*crypto::Ed25519Key::generate(random), *age::X25519Identity::generate(random), *random_secret(random, 32),
          Secret::copy_of(as_bytes("token"))};
}

// World is an intake over a queue that can break and keeps everything it was given.
struct World {
  explicit World(Random& with) : random(with) {}
  SystemRandom good_random;
  Random& random;
  ManualClock clock{1'700'000'000'000};
  Settings settings = test_settings();
  Keys keys = test_keys(good_random);
  queue::MemoryQueue inner{good_random, clock};
  queue::FailingQueue queue{inner};
  Intake intake{settings, keys, queue, random, clock};

  IntakeResult take(const std::string& message, std::vector<smtp::Mailbox> recipients,
                    smtp::ReversePath sender = smtp::Mailbox{"ann", "acme.example"}) {
    Arrival arrival;
    arrival.envelope.helo = "client.example";
    arrival.envelope.esmtp = true;
    arrival.envelope.mail.sender = std::move(sender);
    arrival.envelope.recipients = std::move(recipients);
    arrival.peer = "192.0.2.1";
    return intake.take(arrival, Secret::copy_of(as_bytes(message)));
  }

  std::string body(const queue::MessageId& id) {
    auto body = *inner.body(id);
    std::string out;
    for (auto piece = *body->next(); !piece.empty(); piece = *body->next()) out += as_text(piece);
    return out;
  }
};

// What the queue holds, opened as each recipient would.
struct Contents {
  std::map<std::string, std::string> sealed;  // recipient → message
  std::map<std::string, std::string> passed;
  std::size_t doubles = 0;
};

std::string opened(World& world, const Record& record, const RecordRecipient& recipient, const std::string& payload) {
  const auto id = envelope::EnvelopeId::parse(record.sealed->id);
  envelope::Release release{*id, recipient.server_share.clone(), {world.keys.signing.public_key()}, {"acme.example"}};
  auto file = to_bytes(recipient.header.reveal());
  append(file, payload);
  const auto envelope = envelope::open_envelope(file, release);
  if (!envelope) return "cannot be opened: " + envelope.error().text;
  std::string out;
  const auto restored = envelope->original([&](ByteView piece) {
    out += as_text(piece);
    return Result<>();
  });
  return restored ? out : "cannot be restored";
}

Contents contents(World& world) {
  Contents out;
  for (const auto stage : {Stage::kRegister, Stage::kDeliver}) {
    for (const auto& claim : world.inner.claim(stage, world.clock.now(), 10'000)) {
      const auto record = *decode(world.inner.record(claim.id)->reveal());
      const auto& recipient = record.recipients.at(claim.recipient);
      const auto body = world.body(claim.id);
      EXPECT_EQ(record.sealed.has_value(), stage == Stage::kRegister);
      EXPECT_EQ(record.size, body.size());
      auto& list = record.sealed ? out.sealed : out.passed;
      const auto text = record.sealed ? opened(world, record, recipient, body) : body;
      if (!list.emplace(recipient.address.text(), text).second) ++out.doubles;
      if (record.sealed) EXPECT_THAT(body, Not(HasSubstr(kMarker)));
      if (record.sealed) EXPECT_THAT(as_text(encode(record).reveal()), Not(HasSubstr(kMarker)));
    }
  }
  return out;
}

const std::string kMail =
    "From: Ann <ann@acme.example>\r\nTo: bob@x.example\r\nSubject: [secure] Hi\r\n\r\n" + kMarker + "\r\n";

TEST(IntakeTest, SealsForEachRecipientAlone) {
  SystemRandom random;
  World world(random);
  const auto result = world.take(kMail, {{"bob", "x.example"}, {"carol", "x.example"}});
  EXPECT_EQ(result.reply.code, 250) << result.reply.line();
  EXPECT_EQ(result.sealed, 2u);
  EXPECT_EQ(result.reason, "flag");
  const auto held = contents(world);
  EXPECT_EQ(held.sealed.at("bob@x.example"), kMail);
  EXPECT_EQ(held.sealed.at("carol@x.example"), kMail);
  EXPECT_THAT(held.passed, IsEmpty());
}

TEST(IntakeTest, EachCopyHasSharesOfItsOwn) {
  SystemRandom random;
  World world(random);
  world.take(kMail, {{"bob", "x.example"}, {"carol", "x.example"}});
  const auto claims = world.inner.claim(Stage::kRegister, world.clock.now(), 9);
  auto record = *decode(world.inner.record(claims.at(0).id)->reveal());
  const auto payload = world.body(claims[0].id);
  std::swap(record.recipients[0].server_share, record.recipients[1].server_share);
  for (const auto& recipient : record.recipients)
    EXPECT_THAT(opened(world, record, recipient, payload), HasSubstr("cannot be opened"));
}

TEST(IntakeTest, BccIsGoneFromTheSealedMessage) {
  SystemRandom random;
  World world(random);
  const std::string with =
      "From: ann@acme.example\r\nBcc: dave@x.example\r\nSubject: [secure]\r\nbCC: a\r\n b\r\n\r\nBcc: in the body\r\n";
  world.take(with, {{"dave", "x.example"}});
  EXPECT_EQ(contents(world).sealed.at("dave@x.example"),
            "From: ann@acme.example\r\nSubject: [secure]\r\n\r\nBcc: in the body\r\n");
}

TEST(IntakeTest, ThePassedMessageIsTheSameBytes) {
  SystemRandom random;
  World world(random);
  const std::string odd = "no header\r\nX : y\r\n\r\n\xff\x80";
  EXPECT_EQ(world.take(odd, {{"bob", "x.example"}}).reply.code, 250);
  EXPECT_EQ(contents(world).passed.at("bob@x.example"), odd);
  EXPECT_EQ(world.take("Bcc: hidden@x.example\r\n" + odd, {{"bob", "x.example"}}).reply.code, 250);
  EXPECT_EQ(contents(world).passed.at("bob@x.example"), odd);
}

TEST(IntakeTest, AReportPassesWithoutASenderToOneOnly) {
  const std::string report =
      "From: ann@acme.example\r\nSubject: Undelivered\r\n"
      "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n" +
      kMarker + "\r\n";
  struct Row {
    const char* title;
    smtp::ReversePath sender;
    std::vector<smtp::Mailbox> to;
    std::size_t passed, sealed;
  };
  const smtp::Mailbox ann{"ann", "acme.example"}, bob{"bob", "x.example"}, carol{"carol", "x.example"};
  const Row rows[] = {{"as mail servers send it", std::nullopt, {bob}, 1, 0},
                      {"with a return path", ann, {bob}, 0, 1},
                      {"to two", std::nullopt, {bob, carol}, 0, 2}};
  for (const auto& row : rows) {
    SCOPED_TRACE(row.title);
    SystemRandom random;
    World world(random);
    auto rules = world.settings.rules;
    rules.seal = policy::SealMode::kAll;
    world.intake.set_rules(rules);
    EXPECT_EQ(world.take(report, row.to, row.sender).reply.code, 250);
    const auto held = contents(world);
    EXPECT_THAT(held.passed, SizeIs(row.passed));
    EXPECT_THAT(held.sealed, SizeIs(row.sealed));
  }
}

TEST(IntakeTest, AForeignFromIsRefusedWithTheReason) {
  SystemRandom random;
  World world(random);
  const auto result = world.take("From: eve@evil.example\r\nSubject: [secure]\r\n\r\nx", {{"bob", "x.example"}});
  EXPECT_EQ(result.reply.code, 550);
  EXPECT_EQ(result.reply.enhanced, "5.7.1");
  EXPECT_THAT(result.reply.text, HasSubstr("not in the organisation's domains: acme.example"));
  EXPECT_EQ(world.inner.stats().messages, 0u);
}

TEST(IntakeTest, AFromThatCannotBeStatedIsRefused) {
  SystemRandom random;
  World world(random);
  // Policy finds the domain; but no address has so long a local part.
  const auto from = "From: " + std::string(65, 'a') + "@acme.example\r\n";
  const auto result = world.take(from + "Subject: [secure]\r\n\r\nx", {{"bob", "x.example"}});
  EXPECT_EQ(result.reply.code, 550);
  EXPECT_EQ(result.reply.enhanced, "5.7.1");
  EXPECT_THAT(result.reply.text, HasSubstr("cannot be read as an address of the organisation"));
  EXPECT_EQ(world.inner.stats().messages, 0u);
}

TEST(IntakeTest, RepliesToErrors) {
  EXPECT_EQ(reply_for({Code::kTooMany, "", ""}).line().substr(0, 9), "452 4.3.1");
  EXPECT_EQ(reply_for({Code::kDenied, "why", ""}).line().substr(0, 9), "550 5.7.1");
  EXPECT_EQ(reply_for({Code::kInvalid, "why", ""}).line().substr(0, 9), "550 5.6.0");
  for (const auto code : {Code::kUnavailable, Code::kInternal, Code::kAuthentic, Code::kTimeout, Code::kConflict})
    EXPECT_EQ(reply_for({code, "SECRET", ""}).line().substr(0, 9), "451 4.3.0");
}

// Both kinds in one message, so that a fault falls into each of the steps of both.
const std::vector<smtp::Mailbox> kBoth = {{"bob", "partner.example"}, {"carol", "x.example"}};
const std::string kLetter = "From: ann@acme.example\r\nSubject: Hi\r\n\r\n" + kMarker + "\r\n";

TEST(IntakeTest, ABrokenQueueLeavesNothingBehind) {
  for (const auto code : {Code::kUnavailable, Code::kTooMany}) {
    for (std::uint64_t at = 0;; ++at) {
      SCOPED_TRACE(at);
      SystemRandom random;
      World world(random);
      world.queue.fail_at(at, code);
      const auto result = world.take(kLetter, kBoth);
      if (world.queue.operations() <= at) {
        EXPECT_EQ(result.reply.code, 250);
        EXPECT_EQ(contents(world).sealed.at("bob@partner.example"), kLetter);
        break;
      }
      EXPECT_EQ(result.reply.code, code == Code::kTooMany ? 452 : 451);
      EXPECT_EQ(world.inner.stats().messages, 0u);
    }
  }
}

TEST(IntakeTest, FailingRandomnessSealsNothing) {
  for (int good = 0;; ++good) {
    test::FailingRandom random(good);
    World world(random);
    const auto result = world.take(kLetter, kBoth);
    if (result.reply.code == 250) {
      EXPECT_GE(good, 5);
      break;
    }
    EXPECT_EQ(result.reply.code, 451);
    EXPECT_EQ(world.inner.stats().messages, 0u) << good;
  }
}

// Generated mails and policies, against what policy::decide() says about each recipient.
class Generator {
 public:
  explicit Generator(std::uint32_t seed) : random_(seed) {}

  std::string mail() {
    std::string out;
    const auto fields = random_() % 7;
    for (std::size_t i = 0; i < fields; ++i) out += pick(kFields);
    if (random_() % 4 != 0) out += "From: Ann <ann@acme.example>\r\n";
    out += pick(kKinds);
    out += kMarker + "\r\n";
    const auto lines = random_() % 50;
    for (std::size_t i = 0; i < lines; ++i) out += pick(kLines);
    return out;
  }

  std::vector<smtp::Mailbox> recipients() {
    std::vector<smtp::Mailbox> out;
    const auto count = 1 + random_() % 4;
    for (std::size_t i = 0; i < count; ++i) out.push_back({pick(kLocals), pick(kDomains)});
    return out;
  }

  policy::Rules rules() {
    auto rules = test_settings().rules;
    if (random_() % 3 == 0) rules.seal = policy::SealMode::kAll;
    if (random_() % 4 == 0) rules.subject_flag = "";
    if (random_() % 3 == 0) rules.recipient_domains.clear();
    return rules;
  }

  std::uint64_t number(std::uint64_t below) { return random_() % below; }

 private:
  const std::string& pick(const std::vector<std::string>& from) { return from[random_() % from.size()]; }

  const std::vector<std::string> kFields = {"Subject: [secure] x\r\n",
                                            "Subject: x\r\n",
                                            "Subject: =?utf-8?B?W3NlY3VyZV0=?=\r\n",
                                            "no field\r\n",
                                            ":\r\n",
                                            "From: eve@evil.example\r\n",
                                            "From:\r\n",
                                            "To: bob@x.example\r\n",
                                            "Bcc: hidden@x.example\r\n",
                                            "Date: yesterday\r\n",
                                            "X: " + std::string(3000, 'x') + "\r\n",
                                            "Content-Transfer-Encoding: base64\r\n",
                                            "Received: from a\r\n b\r\n",
                                            " folded from nowhere\r\n",
                                            "Subject: [sec\r\n ure]\r\n",
                                            "\xff\xfe: \x80\r\n"};
  const std::vector<std::string> kKinds = {
      "\r\n",
      "Content-Type: text/html; charset=utf-16\r\n\r\n",
      "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n",
      "Content-Type: multipart/mixed\r\n\r\n",
      "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Transfer-Encoding: "
      "base64\r\n\r\nQUJD\r\n--b--\r\n",
      "Content-Type: message/rfc822\r\n\r\n",
      "Content-Type: multipart/report; boundary=b\r\n\r\n--b\r\n\r\n",
      ""};
  const std::vector<std::string> kLines = {"text\r\n",
                                           "--b\r\n",
                                           "--b--\r\n",
                                           "\r\n",
                                           ".\r\n",
                                           "QUJDREVG\r\n",
                                           "\xc3\xa4\r\n",
                                           "Content-Type: text/plain; name=\"../x\"\r\n",
                                           std::string(76, 'A') + "\r\n"};
  const std::vector<std::string> kLocals = {"bob", "Bob", "carol", "a b", "dave+tag"};
  const std::vector<std::string> kDomains = {"x.example", "partner.example", "[192.0.2.1]"};
  std::mt19937 random_;
};

class Property : public testing::TestWithParam<std::uint32_t> {};

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

TEST_P(Property, SealedOrRefusedAndNeverClear) {
  SystemRandom random;
  Generator generate(GetParam());
  std::size_t accepted = 0;
  std::size_t faults = 0;
  for (int round = 0; round < 60; ++round) {
    World world(random);
    world.settings.rules = generate.rules();
    world.intake.set_rules(world.settings.rules);
    const auto mail = generate.mail();
    const auto to = generate.recipients();
    SCOPED_TRACE(mail);
    // A letter of both kinds takes up to twelve operations, most take five.
    const auto at = generate.number(3) != 0 ? generate.number(generate.number(2) == 0 ? 5 : 12) : UINT64_MAX;
    if (at != UINT64_MAX) world.queue.fail_at(at);
    const auto result = world.take(mail, to);
    if (world.queue.operations() > at) ++faults;
    const auto held = contents(world);
    EXPECT_EQ(held.doubles, 0u);
    if (!result.reply.positive()) {
      EXPECT_THAT(held.sealed, IsEmpty());
      EXPECT_THAT(held.passed, IsEmpty());
      continue;
    }
    ++accepted;
    const auto facts = policy::read_facts(as_bytes(mail), false, world.settings.rules.subject_flag);
    std::set<std::string> clear;
    // Bob and bob are one person, who gets one envelope, under either name.
    std::set<std::string> sealed;
    for (const auto& [name, text] : held.sealed) sealed.insert(lower(name));
    for (const auto& recipient : to) {
      const auto action = policy::decide(world.settings.rules, facts, recipient).action;
      ASSERT_NE(action, policy::Action::kRefuse);
      if (action == policy::Action::kPass) clear.insert(recipient.text());
      if (action == policy::Action::kSeal) EXPECT_TRUE(sealed.contains(lower(recipient.text()))) << recipient.text();
    }
    for (const auto& [name, text] : held.passed) {
      EXPECT_TRUE(clear.contains(name)) << name;
      if (mail.find("Bcc:") == std::string::npos) EXPECT_EQ(text, mail);
    }
    EXPECT_THAT(held.passed, SizeIs(clear.size()));
    EXPECT_EQ(held.sealed.empty(), result.sealed == 0);
    for (const auto& [name, text] : held.sealed) {
      EXPECT_FALSE(clear.contains(name)) << name;
      EXPECT_THAT(text, HasSubstr(kMarker));
      if (mail.find("Bcc:") == std::string::npos) EXPECT_EQ(text, mail);
    }
  }
  EXPECT_GT(accepted, 5u);
  EXPECT_GT(faults, 3u);
}

INSTANTIATE_TEST_SUITE_P(Seeds, Property, testing::Range(1u, 11u));

}  // namespace
}  // namespace bulla::gateway
