#include "mail/compose.h"

#include <gtest/gtest.h>

#include "core/envelope/base64_lines.h"
#include "mail/fields.h"
#include "mail/find_envelope.h"
#include "mail/index_message.h"
#include "mail/testing.h"

namespace bulla::mail {
namespace {

using testing::SeededRandom;

constexpr std::string_view kTemplate =
    "<!doctype html>\n<body>\n<!--bulla:notice-->\n<!--bulla:data-->\n<!--bulla:header-->\n<!--bulla:payload-->\n"
    "<script>viewer()</script>\n";

// Whatever is written must be 7 bit, CRLF, in lines of at most 998 characters.
void expect_mailable(std::string_view mail) {
  EXPECT_TRUE(mail.ends_with("\r\n"));
  std::size_t line = 0;
  for (std::size_t i = 0; i < mail.size(); ++i) {
    const auto byte = static_cast<unsigned char>(mail[i]);
    ASSERT_TRUE(byte < 0x7f && (byte >= 0x20 || byte == '\t' || byte == '\r' || byte == '\n')) << i;
    if (byte == '\n') {
      ASSERT_TRUE(i > 0 && mail[i - 1] == '\r') << i;
      ASSERT_LE(line, 999U);
      line = 0;
    } else {
      ASSERT_TRUE(byte != '\r' || (i + 1 < mail.size() && mail[i + 1] == '\n')) << i;
      ++line;
    }
  }
}

envelope::DataBlock data_block() {
  SeededRandom random("data");
  envelope::DataBlock data{.id = *envelope::EnvelopeId::make(ManualClock(1'795'507'200'000), random)};
  data.origin = "https://keys.example.com";
  data.organisation = {"acme", "Acme Ltd"};
  data.from = {"ann@acme.example", "J\xc3\xbcrgen <b>"};
  data.to = "bob@example.org";
  data.date = 1'795'507'200'000;
  data.size = 5000;
  return data;
}

std::string whole(const MailFrame& frame, ByteView payload) {
  auto out = frame.head;
  envelope::Base64Lines lines;
  lines.append(payload, out);
  lines.finish(out);
  return out + frame.tail;
}

const std::string kOriginal =
    "Received: from inside by gateway; Tue, 24 Nov 2026 08:00:00 +0000\r\nFrom: Ann <ann@acme.example>\r\n"
    "To: Bob <bob@example.org>,\r\n Eve <eve@example.org>\r\nBcc: secret@example.org\r\nX-Secret: yes\r\n"
    "Subject: Figures\r\nDate: Tue, 24 Nov 2026 09:00:00 +0100\r\nMessage-ID: <1@acme.example>\r\n"
    "References: <0@acme.example>\r\n\r\nsecret body\r\n";

struct EnvelopeMailTest : ::testing::Test {
  SeededRandom random{"mail"};
  envelope::DataBlock data = data_block();
  Bytes header = to_bytes("age-encryption.org/v1\n"), payload = random.bytes(5000);

  EnvelopeMail mail() {
    const auto page = *envelope::HtmlTemplate::parse(kTemplate);
    const auto outer = outer_fields(as_bytes(kOriginal));
    return {
        .trace = received_field({.from_helo = "client", .from_address = "192.0.2.1", .by = "gw", .time = data.date}),
        .fields = outer.fields,
        .subject = outer.subject,
        .notice = mail_notice(data),
        .html = *page.fill(page_notice(data), envelope::data_block_json(data), header)};
  }
};

TEST_F(EnvelopeMailTest, IsAMailWithANoticeAndTheFile) {
  const auto frame = compose_envelope_mail(mail(), random);
  ASSERT_TRUE(frame);
  const auto text = whole(*frame, payload);
  expect_mailable(text);
  EXPECT_EQ(frame_size(*frame, payload.size()), text.size());
  const auto index = index_message(as_bytes(text));
  ASSERT_EQ(index.parts.size(), 3U);
  EXPECT_EQ(index.parts[0].type, "text/plain");
  EXPECT_EQ(index.parts[1].type, "text/html");
  EXPECT_EQ(index.parts[2].type, "text/html");
  EXPECT_EQ(index.parts[2].charset, "us-ascii");
  EXPECT_EQ(index.parts[2].name, "secure-message.html");
  EXPECT_EQ(index.parts[2].disposition, envelope::Disposition::kAttachment);
  EXPECT_EQ(index.body, (std::vector{envelope::BodyGroup{.text = 0, .html = 1}}));
  EXPECT_EQ(index.from, (envelope::Mailbox{"ann@acme.example", "Ann"}));
  EXPECT_EQ(index.to.size(), 2U);
  EXPECT_EQ(index.message_id, "1@acme.example");
}

// What is accepted must be deliverable, whatever the sender's name is.
TEST_F(EnvelopeMailTest, IsMailableWhateverTheNamesAre) {
  for (const std::string_view letter : {"<", "\"", "\xd0\xa9", "\xe4\xb8\xad", "\xf0\x9f\x94\x92", "\xff", " "}) {
    std::string text;
    for (int i = 0; i < 4000; ++i) text += letter;
    data.organisation.name = data.from.name = data.from.address = data.to = text;
    const auto page = *envelope::HtmlTemplate::parse(kTemplate);
    ASSERT_TRUE(page.fill(page_notice(data), envelope::data_block_json(data), header)) << letter;
    const auto frame = compose_envelope_mail(mail(), random);
    ASSERT_TRUE(frame) << letter;
    expect_mailable(whole(*frame, payload));
  }
}

TEST_F(EnvelopeMailTest, GivesTheEnvelopeBack) {
  const auto text = whole(*compose_envelope_mail(mail(), random), payload);
  const auto html = find_envelope_html(as_bytes(text));
  ASSERT_TRUE(html);
  const auto found = envelope::find_envelope(*html);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->header, header);
  EXPECT_EQ(found->payload, payload);
  EXPECT_EQ(envelope::parse_data_block(found->data_json)->id, data.id);
}

TEST_F(EnvelopeMailTest, NothingOfTheMessageIsInIt) {
  const auto text = whole(*compose_envelope_mail(mail(), random), payload);
  for (const char* secret : {"secret body", "X-Secret", "secret@example.org", "from inside by"})
    EXPECT_EQ(text.find(secret), std::string::npos) << secret;
}

TEST_F(EnvelopeMailTest, IsFoundHoweverItWasStored) {
  const auto text = whole(*compose_envelope_mail(mail(), random), payload);
  auto with_lf = text;
  std::erase(with_lf, '\r');
  const auto forwarded =
      "Content-Type: multipart/mixed; boundary=f\r\n\r\n--f\r\n\r\nlook\r\n--f\r\n"
      "Content-Type: message/rfc822\r\n\r\n" +
      text + "\r\n--f--\r\n";
  const auto encoded = "Content-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
                       testing::base64_lines(as_bytes(*find_envelope_html(as_bytes(text))));
  for (const auto& mail : {with_lf, forwarded, encoded}) {
    const auto html = find_envelope_html(as_bytes(mail));
    ASSERT_TRUE(html);
    EXPECT_EQ(envelope::find_envelope(*html)->payload, payload);
  }
  EXPECT_EQ(find_envelope_html(as_bytes(kOriginal)).error().code, Code::kNotFound);
  EXPECT_FALSE(find_envelope_html({}));
}

TEST_F(EnvelopeMailTest, FailsWithTheRandomness) {
  for (int good = 0; good < 3; ++good) {
    envelope::testing::FailingRandom failing(good);
    EXPECT_FALSE(compose_envelope_mail(mail(), failing)) << good;
  }
}

TEST(OuterFields, KeepCleanFieldsByteForByte) {
  const auto outer = outer_fields(as_bytes(kOriginal));
  EXPECT_EQ(
      outer.fields,
      "From: Ann <ann@acme.example>\r\nTo: Bob <bob@example.org>,\r\n Eve <eve@example.org>\r\n"
      "Date: Tue, 24 Nov 2026 09:00:00 +0100\r\nMessage-ID: <1@acme.example>\r\nReferences: <0@acme.example>\r\n");
  EXPECT_EQ(outer.subject, "Subject: Figures\r\n");
}

TEST(OuterFields, AreSafeWhateverTheMessageSays) {
  struct Row {
    const char* title;
    std::string message;
  };
  for (const auto& [title, message] :
       {Row{"8 bit",
            "From: J\xc3\xbcrgen <j@acme.example>\r\nSubject: F\xc3\xbcr dich\r\nTo: \xff\xfe <b@example.org>\r\n\r\n"},
        {"bare CR", "From: a@b.example\rBcc: c@d.example\r\nSubject: a\rBcc: e\r\n\r\n"},
        {"bare LF", "From: a@b.example\nTo: c@d.example\nSubject: x\n\nbody"},
        {"NUL", std::string("From: a@b.example\0x\r\nSubject: \0\r\n\r\n", 35)},
        {"blank continuation", "Subject: a\r\n \r\n b\r\nFrom: a@b.example,\r\n\t\r\n c@d.example\r\n\r\n"},
        {"encoded line end",
         "Subject: =?utf-8?Q?a=0D=0ABcc:_x?= \xff\r\nFrom: =?utf-8?Q?a=0D=0ABcc:_x?= \xff <a@b>\r\n\r\n"},
        {"long line",
         "Subject: " + std::string(5000, 'x') + "\r\nFrom: \"" + std::string(5000, 'y') + "\" <a@b.example>\r\n\r\n"},
        {"long field", "References: " + std::string(100'000, 'x') + "\r\nFrom: a@b.example\r\n\r\n"},
        {"twice", "From: a@b.example\r\nFrom: c@d.example\r\nSubject: 1\r\nSubject: 2\r\n\r\n"},
        {"no header", "\r\nFrom: body\r\n"}}) {
    const auto outer = outer_fields(as_bytes(message));
    const auto all = outer.fields + outer.subject;
    if (!all.empty()) expect_mailable(all);
    const auto with_end = all + "\r\n";
    const HeaderFields header(as_bytes(with_end));
    EXPECT_EQ(header.body_offset(), with_end.size()) << title;
    EXPECT_EQ(header.find("bcc"), nullptr) << title;
    EXPECT_LE(header.count("from"), 1U) << title;
    EXPECT_LE(header.count("subject"), 1U) << title;
    EXPECT_LT(all.size(), 256U * 1024U) << title;
  }
}

TEST(OuterFields, EncodeWhatIsNotAscii) {
  const auto outer = outer_fields(as_bytes("From: J\xc3\xbcrgen <j@acme.example>\r\nSubject: F\xc3\xbcr dich\r\n\r\n"));
  const auto mail = outer.fields + outer.subject + "\r\n";
  const auto index = index_message(as_bytes(mail));
  EXPECT_EQ(index.from, (envelope::Mailbox{"j@acme.example", "J\xc3\xbcrgen"}));
  EXPECT_EQ(index.subject, "F\xc3\xbcr dich");
}

TEST(ReceivedField, TakesNothingOnTrust) {
  const auto field = received_field({.from_helo = "a)\r\nBcc: x",
                                     .from_address = "2001:db8::1",
                                     .by = "gw.acme.example",
                                     .id = "q;1 2",
                                     .time = 1'795'507'200'000});
  expect_mailable(field);
  EXPECT_EQ(field,
            "Received: from aBcc:x ([IPv6:2001:db8::1])\r\n\tby gw.acme.example with ESMTP id q12;\r\n"
            "\tTue, 24 Nov 2026 08:00:00 +0000\r\n");
}

TEST(ComposeTextMail, IsAnAutomaticMail) {
  SeededRandom random("text");
  const auto mail = compose_text_mail({.from = {"no-reply@keys.example.com", "Bulla \xe2\x9c\x89"},
                                       .to = {"bob@example.org", ""},
                                       .subject = "Your code: 12345678",
                                       .text = "Gr\xc3\xbc\xc3\x9f"
                                               "e\n\n12345678\n.\n" +
                                               std::string(3000, 'x'),
                                       .date = 1'795'507'200'000,
                                       .message_id_domain = "keys.example.com"},
                                      random);
  ASSERT_TRUE(mail);
  expect_mailable(*mail);
  const HeaderFields header(as_bytes(*mail));
  EXPECT_EQ(header.find("auto-submitted")->value(), "auto-generated");
  EXPECT_EQ(header.find("to")->value(), "bob@example.org");
  EXPECT_EQ(header.find("date")->value(), "Tue, 24 Nov 2026 08:00:00 +0000");
  EXPECT_TRUE(header.find("message-id")->value().ends_with("@keys.example.com>"));
  const auto index = index_message(as_bytes(*mail));
  EXPECT_EQ(index.from.name, "Bulla \xe2\x9c\x89");
  EXPECT_EQ(index.parts.at(0).encoding, envelope::Encoding::kQuotedPrintable);
}

TEST(ComposeTextMail, NoTextAddsAField) {
  SeededRandom random("injection");
  const std::string bad = "x\r\nBcc: eve@example.org\r\n\r\nbody";
  const auto mail = compose_text_mail(
      {.from = {bad, bad}, .to = {bad, bad}, .subject = bad, .text = "text", .date = 0, .message_id_domain = bad},
      random);
  ASSERT_TRUE(mail);
  expect_mailable(*mail);
  EXPECT_EQ(HeaderFields(as_bytes(*mail)).find("bcc"), nullptr);
  EXPECT_TRUE(mail->ends_with("\r\n\r\ntext\r\n") || mail->ends_with("\r\n\r\ntext")) << *mail;
}

TEST(ComposeBounce, IsADeliveryReport) {
  SeededRandom random("bounce");
  const auto mail =
      compose_bounce({.from = {"MAILER-DAEMON@gw.acme.example", "Mail gateway"},
                      .to = "ann@acme.example",
                      .reporting_mta = "gw.acme.example",
                      .subject = "Not delivered: Figures\r\nBcc: x",
                      .text = "It could not be delivered.\n",
                      .date = 1'795'507'200'000,
                      .arrived = 1'795'507'100'000,
                      .recipients = {{"bob@example.org", "5.1.1", "550 no such\r\nuser \xff", "mx.example.org"},
                                     {"eve@example.org", "5.7.1", "", ""}},
                      .original_fields = kOriginal.substr(0, kOriginal.find("\r\n\r\n") + 2),
                      .message_id_domain = "gw.acme.example"},
                     random);
  ASSERT_TRUE(mail);
  expect_mailable(*mail);
  const HeaderFields header(as_bytes(*mail));
  EXPECT_EQ(header.find("bcc"), nullptr);
  EXPECT_EQ(header.find("auto-submitted")->value(), "auto-replied");
  EXPECT_NE(header.find("content-type")->value().find("report-type=delivery-status"), std::string::npos);
  const auto index = index_message(as_bytes(*mail));
  ASSERT_EQ(index.parts.size(), 3U);
  EXPECT_EQ(index.parts[1].type, "message/delivery-status");
  EXPECT_EQ(index.parts[2].type, "text/rfc822-headers");
  const auto status = mail->substr(index.parts[1].offset, index.parts[1].size);
  EXPECT_EQ(status.substr(0, status.find("Diagnostic")),
            "Reporting-MTA: dns; gw.acme.example\r\nArrival-Date: Tue, 24 Nov 2026 07:58:20 +0000\r\n\r\n"
            "Final-Recipient: rfc822; bob@example.org\r\nAction: failed\r\nStatus: 5.1.1\r\n"
            "Remote-MTA: dns; mx.example.org\r\n");
}

TEST(Notice, EscapesWhatItIsTold) {
  auto data = data_block();
  data.organisation.name = "<script>alert(1)</script>{to}";
  data.from.name = "\"><img src=x> \xe2\x80\xae";
  const auto notice = mail_notice(data);
  for (const auto& html : {notice.html, page_notice(data)}) {
    EXPECT_EQ(html.find("<script"), std::string::npos);
    EXPECT_EQ(html.find("<img"), std::string::npos);
    EXPECT_EQ(html.find("http"), std::string::npos);
    EXPECT_NE(html.find("{to}"), std::string::npos);  // a value is not filled in again
    for (char c : html) EXPECT_LT(static_cast<unsigned char>(c), 0x80);
  }
  EXPECT_NE(notice.text.find("keys.example.com"), std::string::npos);
}

TEST(Notice, SaysWhatToDoOnAPhone) {
  const auto notice = mail_notice(data_block());
  for (const auto& text : {notice.text, notice.html})
    EXPECT_NE(text.find("On a phone, save the attachment"), text.npos);
}

TEST(Notice, ANameDoesNotTurnTheTextAroundIt) {
  auto data = data_block();
  data.from.name =
      "Ann\xe2\x80\xae"
      "moc.knab@oec\xe2\x81\xa6\xd8\x9c\xe2\x80\x8f";                       // RLO, LRI, ALM, RLM
  data.organisation.name = "\xe2\x80\x8f\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d";  // RLM, and a Hebrew word
  const auto notice = mail_notice(data);
  EXPECT_NE(notice.text.find("Annmoc.knab@oec has sent"), std::string::npos) << notice.text;
  EXPECT_NE(notice.text.find("ask \xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d by"), std::string::npos) << notice.text;
  EXPECT_NE(page_notice(data).find("From</dt><dd>Annmoc.knab@oec"), std::string::npos);
}

}  // namespace
}  // namespace bulla::mail
