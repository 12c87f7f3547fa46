#include "policy/policy.h"

#include <gtest/gtest.h>

namespace bulla::policy {
namespace {

Rules rules(SealMode seal = SealMode::kMatching) {
  return {seal, "[secure]", {"partner.example", ".sub.example"}, {"acme.example", "xn--bcher-kva.example"}};
}

struct Row {
  const char* title;
  std::string message;
  const char* recipient_domain;
  Reason reason;
  Action action;
  SealMode mode = SealMode::kMatching;
  bool sent_as_report = false;
};

std::string many(std::string_view text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

const std::string kFrom = "From: Ann <ann@acme.example>\r\n";
const std::string kReport = "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n";

const Row kRows[] = {
    {"nothing asks", kFrom + "Subject: Hi\r\n\r\nx", "x.example", Reason::kNoRule, Action::kPass},
    {"flag", kFrom + "Subject: [secure] Hi\r\n\r\nx", "x.example", Reason::kFlag, Action::kSeal},
    {"flag in a folded field", kFrom + "Subject: Hi\r\n [sec\r\n\ture]\r\n\r\nx", "x.example", Reason::kFlag,
     Action::kSeal},
    {"flag in the second Subject", kFrom + "Subject: Hi\r\nSubject: [secure]\r\n\r\nx", "x.example", Reason::kFlag,
     Action::kSeal},
    {"flag in the first Subject", kFrom + "Subject: [secure]\r\nSubject: Hi\r\n\r\nx", "x.example", Reason::kFlag,
     Action::kSeal},
    {"blank before the colon", kFrom + "SUBJECT \t: [secure]\r\n\r\nx", "x.example", Reason::kFlag, Action::kSeal},
    {"Subject behind a line that is no field", kFrom + "no field here\r\nSubject: [secure]\r\n\r\nx", "x.example",
     Reason::kFlag, Action::kSeal},
    {"header without a body", kFrom + "Subject: [secure]", "x.example", Reason::kFlag, Action::kSeal},
    {"flag in the body only", kFrom + "Subject: Hi\r\n\r\nSubject: [secure]", "x.example", Reason::kNoRule,
     Action::kPass},
    {"flag in another field", kFrom + "Comments: [secure]\r\n\r\nx", "x.example", Reason::kNoRule, Action::kPass},
    {"listed domain", kFrom + "\r\nx", "partner.example", Reason::kRecipientDomain, Action::kSeal},
    {"listed domain in capitals", kFrom + "\r\nx", "Partner.EXAMPLE", Reason::kRecipientDomain, Action::kSeal},
    {"listed domain with a final dot", kFrom + "\r\nx", "partner.example.", Reason::kRecipientDomain, Action::kSeal},
    {"subdomain of a listed domain", kFrom + "\r\nx", "a.partner.example", Reason::kNoRule, Action::kPass},
    {"domain that ends alike", kFrom + "\r\nx", "notpartner.example", Reason::kNoRule, Action::kPass},
    {"listed subdomains", kFrom + "\r\nx", "a.b.sub.example", Reason::kRecipientDomain, Action::kSeal},
    {"listed subdomains, not the domain itself", kFrom + "\r\nx", "sub.example", Reason::kNoRule, Action::kPass},
    {"address literal", kFrom + "\r\nx", "[192.0.2.1]", Reason::kNoRule, Action::kPass},
    {"all", kFrom + "\r\nx", "x.example", Reason::kAll, Action::kSeal, SealMode::kAll},
    {"all, address literal", kFrom + "\r\nx", "[192.0.2.1]", Reason::kAll, Action::kSeal, SealMode::kAll},
    {"bounce passes", kFrom + kReport + "\r\nx", "partner.example", Reason::kBounce, Action::kPass, SealMode::kAll,
     true},
    {"bounce with the flag", kFrom + kReport + "Subject: Undeliverable: [secure] Hi\r\n\r\nx", "x.example",
     Reason::kFlag, Action::kSeal, SealMode::kAll, true},
    {"report with a return path or to several is a letter", kFrom + kReport + "\r\nx", "partner.example", Reason::kAll,
     Action::kSeal, SealMode::kAll},
    {"no report in the shape of one is a letter", kFrom + "\r\nx", "partner.example", Reason::kRecipientDomain,
     Action::kSeal, SealMode::kMatching, true},
    {"a report of another kind is a letter", kFrom + "Content-Type: multipart/report; boundary=b\r\n\r\nx", "x.example",
     Reason::kAll, Action::kSeal, SealMode::kAll, true},
    {"two Content-Types are no report", kFrom + kReport + "Content-Type: text/plain\r\n\r\nx", "x.example",
     Reason::kAll, Action::kSeal, SealMode::kAll, true},
    {"two Content-Types are no report, whichever comes last",
     kFrom + "Content-Type: text/plain\r\n" + kReport + "\r\nx", "x.example", Reason::kAll, Action::kSeal,
     SealMode::kAll, true},
    {"automatic mail is a letter", kFrom + "Auto-Submitted: auto-replied\r\n\r\nx", "x.example", Reason::kAll,
     Action::kSeal, SealMode::kAll, true},

    {"no From", "Subject: [secure]\r\n\r\nx", "x.example", Reason::kNoFrom, Action::kRefuse},
    {"no header at all", "\r\nx", "partner.example", Reason::kNoFrom, Action::kRefuse},
    {"empty message", "", "partner.example", Reason::kNoFrom, Action::kRefuse},
    {"no From, but nothing asks", "Subject: Hi\r\n\r\nx", "x.example", Reason::kNoRule, Action::kPass},
    {"two From fields", kFrom + kFrom + "\r\nx", "partner.example", Reason::kSeveralFrom, Action::kRefuse},
    {"two From fields, one hidden by a blank", kFrom + "From : eve@evil.example\r\n\r\nx", "partner.example",
     Reason::kSeveralFrom, Action::kRefuse},
    {"foreign From", "From: eve@evil.example\r\n\r\nx", "partner.example", Reason::kForeignFrom, Action::kRefuse},
    {"own address as a name only", "From: \"ann@acme.example\" <eve@evil.example>\r\n\r\nx", "partner.example",
     Reason::kForeignFrom, Action::kRefuse},
    {"own address in a comment", "From: eve@evil.example (ann@acme.example)\r\n\r\nx", "partner.example",
     Reason::kForeignFrom, Action::kRefuse},
    {"one of two addresses is foreign", "From: ann@acme.example, eve@evil.example\r\n\r\nx", "partner.example",
     Reason::kForeignFrom, Action::kRefuse},
    {"a foreign address in a group", "From: team: ann@acme.example, eve@evil.example;\r\n\r\nx", "partner.example",
     Reason::kForeignFrom, Action::kRefuse},
    {"an empty group", "From: nobody:;\r\n\r\nx", "partner.example", Reason::kForeignFrom, Action::kRefuse},
    {"From without an address", "From: Ann\r\n\r\nx", "partner.example", Reason::kForeignFrom, Action::kRefuse},
    {"a foreign address behind a hundred own ones",
     "From: " + many("ann@acme.example,\r\n ", 150) + "eve@evil.example\r\n\r\nx", "partner.example",
     Reason::kForeignFrom, Action::kRefuse},
    {"a foreign address behind a long name",
     "From: ann@acme.example (" + many("xxxxxxxxx ", 10'000) + "), eve@evil.example\r\n\r\nx", "partner.example",
     Reason::kForeignFrom, Action::kRefuse},
    {"groups in groups without end", "From: " + many("a:", 100'000) + "\r\n\r\nx", "partner.example",
     Reason::kForeignFrom, Action::kRefuse},
    {"comments in comments without end", "From: " + many("(", 100'000) + "ann@acme.example\r\n\r\nx", "partner.example",
     Reason::kForeignFrom, Action::kRefuse},
    {"empty From", "From:\r\n\r\nx", "partner.example", Reason::kForeignFrom, Action::kRefuse},
    {"subdomain of the own domain", "From: ann@mail.acme.example\r\n\r\nx", "partner.example", Reason::kForeignFrom,
     Action::kRefuse},
    {"own domain as a prefix", "From: ann@acme.example.evil.example\r\n\r\nx", "partner.example", Reason::kForeignFrom,
     Action::kRefuse},
    {"two own addresses", "From: ann@acme.example, bob@acme.example\r\n\r\nx", "partner.example",
     Reason::kRecipientDomain, Action::kSeal},
    {"own addresses in a group", "From: team: ann@acme.example, bob@acme.example;\r\n\r\nx", "partner.example",
     Reason::kRecipientDomain, Action::kSeal},
    {"own domain in capitals", "From: Ann@ACME.Example\r\n\r\nx", "partner.example", Reason::kRecipientDomain,
     Action::kSeal},
    {"own domain with a final dot", "From: ann@acme.example.\r\n\r\nx", "partner.example", Reason::kRecipientDomain,
     Action::kSeal},
    {"second own domain, folded", "From:\r\n =?utf-8?Q?B=C3=BCcher?=\r\n <info@xn--bcher-kva.example>\r\n\r\nx",
     "partner.example", Reason::kRecipientDomain, Action::kSeal},
};

TEST(Policy, Table) {
  for (const auto& row : kRows) {
    SCOPED_TRACE(row.title);
    const auto facts = read_facts(as_bytes(row.message), row.sent_as_report, "[secure]");
    const auto decision = decide(rules(row.mode), facts, {"someone", row.recipient_domain});
    EXPECT_STREQ(reason_name(decision.reason), reason_name(row.reason)) << decision.explanation;
    EXPECT_EQ(decision.action, row.action);
    EXPECT_FALSE(decision.explanation.empty());
  }
}

TEST(Policy, EachRecipientIsDecidedAlone) {
  const auto facts = read_facts(as_bytes(kFrom + "Subject: Hi\r\n\r\nx"), false, "[secure]");
  EXPECT_EQ(decide(rules(), facts, {"a", "partner.example"}).action, Action::kSeal);
  EXPECT_EQ(decide(rules(), facts, {"a", "x.example"}).action, Action::kPass);
}

TEST(Policy, ExplanationsTellTheFlagAndDomainsButNothingOfTheMessage) {
  const auto facts =
      read_facts(as_bytes("From: eve@evil.example\r\nSubject: [secure] MARKER\r\n\r\nMARKER"), false, "[secure]");
  const auto decision = decide(rules(), facts, {"a", "x.example"});
  EXPECT_EQ(decision.explanation,
            "this message is to be sealed (the subject carries [secure]), but its From is not in the organisation's "
            "domains: acme.example, xn--bcher-kva.example");
}

TEST(Facts, SubjectsBeyondTheBoundCountAsFlagged) {
  const auto facts = [](std::size_t fields, std::size_t size, std::string_view flag) {
    std::string message;
    for (std::size_t i = 0; i < fields; ++i) message += "Subject: " + std::string(size, 'x') + "\r\n";
    return read_facts(as_bytes(message + "\r\n"), false, flag);
  };
  EXPECT_FALSE(facts(1, 64 * 1024 - 1, "[secure]").flagged);  // and a blank
  EXPECT_TRUE(facts(1, 64 * 1024, "[secure]").flagged);
  EXPECT_TRUE(facts(70, 1000, "[secure]").flagged);
  EXPECT_FALSE(facts(70, 1000, "").flagged);
}

TEST(Facts, CountReceivedFields) {
  EXPECT_EQ(read_facts(as_bytes("Received: a\r\n b\r\nreceived: c\r\nX: y\r\n\r\nReceived: d"), false, "").received,
            2u);
}

TEST(Rules, Check) {
  EXPECT_TRUE(check(rules()));
  auto bad = rules();
  bad.recipient_domains = {"Partner.example"};
  EXPECT_FALSE(check(bad));
  bad = rules();
  bad.sender_domains = {".acme.example"};
  EXPECT_FALSE(check(bad));
  bad = rules();
  bad.recipient_domains = {""};
  EXPECT_FALSE(check(bad));
  bad = rules();
  bad.subject_flag = "  ";
  EXPECT_FALSE(check(bad));
  bad.subject_flag = std::string(65, 'x');
  EXPECT_FALSE(check(bad));
  bad.subject_flag = "a\nb";
  EXPECT_FALSE(check(bad));
}

TEST(CanonicalDomain, Table) {
  EXPECT_EQ(canonical_domain("Example.ORG."), "example.org");
  EXPECT_EQ(canonical_domain("example.org.."), "");
  EXPECT_EQ(canonical_domain(""), "");
  EXPECT_EQ(canonical_domain("."), "");
  EXPECT_EQ(canonical_domain("a b"), "");
  EXPECT_EQ(canonical_domain("b\xc3\xbc"
                             "cher.example"),
            "");
}

}  // namespace
}  // namespace bulla::policy
