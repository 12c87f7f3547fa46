#include "mail/index_message.h"

#include <glib.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "mail/testing.h"

namespace bulla::mail {
namespace {

using envelope::BodyGroup;
using envelope::Disposition;
using envelope::Encoding;
using envelope::MessageIndex;

Bytes stored_form(ByteView message, const MessageIndex& index) {
  Bytes out;
  const auto result = envelope::store(message, index.runs, [&](ByteView bytes) -> Result<> {
    append(out, bytes);
    return {};
  });
  EXPECT_TRUE(result);
  return out;
}

struct Indexed {
  explicit Indexed(std::string_view message)
      : index(index_message(as_bytes(message))), stored(stored_form(as_bytes(message), index)) {}
  std::string content(std::size_t part) const {
    return to_string(ByteView(stored).subspan(index.parts[part].offset, index.parts[part].size));
  }
  MessageIndex index;
  Bytes stored;
};

const std::string kTop = "From: Ann <ann@acme.example>\r\nTo: bob@example.org\r\nMIME-Version: 1.0\r\n";

TEST(IndexMessage, ReadsTheHeaders) {
  const Indexed mail(
      "From: =?utf-8?Q?J=C3=BCrgen?= <j@Acme.Example>, x@acme.example\r\nSender: Desk <desk@acme.example>\r\n"
      "To: Bob <bob@example.org>\r\nTo: eve@example.org\r\nCc: Team: a@example.org, b@example.org;\r\n"
      "Subject: =?utf-8?B?5bGx?=\r\n =?utf-8?B?55Sw?= and\r\n more\r\nDate: Tue, 24 Nov 2026 09:15:00 +0100 (CET)\r\n"
      "Message-ID: <abc@acme.example>\r\n\r\nHello\r\n");
  EXPECT_EQ(mail.index.from, (envelope::Mailbox{"j@acme.example", "J\xc3\xbcrgen"}));
  EXPECT_EQ(mail.index.sender, (envelope::Mailbox{"desk@acme.example", "Desk"}));
  ASSERT_EQ(mail.index.to.size(), 2U);
  EXPECT_EQ(mail.index.to[1].address, "eve@example.org");
  ASSERT_EQ(mail.index.cc.size(), 2U);
  EXPECT_EQ(mail.index.subject, "\xe5\xb1\xb1\xe7\x94\xb0 and more");
  EXPECT_EQ(mail.index.date, 1'795'508'100'000);
  EXPECT_EQ(mail.index.message_id, "abc@acme.example");
  EXPECT_TRUE(mail.index.complete);
}

TEST(IndexMessage, ASenderThatIsTheAuthorIsNotNamed) {
  const Indexed mail("From: Ann <ann@acme.example>\r\nSender: ann@ACME.example\r\n\r\nx");
  EXPECT_FALSE(mail.index.sender);
}

TEST(IndexMessage, PlainText) {
  const Indexed mail(kTop + "Content-Type: text/plain; charset=\"UTF-8\"\r\n\r\nHello\r\nworld\r\n");
  ASSERT_EQ(mail.index.parts.size(), 1U);
  EXPECT_EQ(mail.index.parts[0].type, "text/plain");
  EXPECT_EQ(mail.index.parts[0].charset, "utf-8");
  EXPECT_EQ(mail.content(0), "Hello\r\nworld\r\n");
  EXPECT_EQ(mail.index.body, (std::vector{BodyGroup{.text = 0, .html = {}}}));
}

TEST(IndexMessage, AFullLetter) {
  const std::string picture = "\x89PNG not really", file = std::string(1000, 'f');
  const Indexed mail(
      kTop +
      "Content-Type: multipart/mixed; boundary=m\r\n\r\npreamble\r\n--m\r\n"
      "Content-Type: multipart/alternative; boundary=a\r\n\r\n--a\r\nContent-Type: text/plain\r\n\r\nplain\r\n"
      "--a\r\nContent-Type: multipart/related; boundary=r\r\n\r\n--r\r\n"
      "Content-Type: text/html\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n<p>=3D</p>\r\n--r\r\n"
      "Content-Type: image/png\r\nContent-ID: <pic@x>\r\nContent-Disposition: inline\r\n"
      "Content-Transfer-Encoding: base64\r\n\r\n" +
      testing::base64_lines(as_bytes(picture)) +
      "\r\n--r--\r\n\r\n--a--\r\n\r\n--m\r\n"
      "Content-Type: application/pdf\r\nContent-Disposition: attachment; filename*=utf-8''%E5%B1%B1.pdf\r\n"
      "Content-Transfer-Encoding: base64\r\n\r\n" +
      testing::base64_lines(as_bytes(file)) +
      "\r\n--m\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\n--m2\r\n\r\n--m\r\n"
      "Content-Type: text/plain\r\n\r\nfooter\r\n--m--\r\nepilogue\r\n");
  ASSERT_EQ(mail.index.parts.size(), 6U);
  EXPECT_EQ(mail.content(0), "plain");
  EXPECT_EQ(mail.content(1), "<p>=3D</p>");
  EXPECT_EQ(mail.index.parts[1].encoding, Encoding::kQuotedPrintable);
  EXPECT_EQ(mail.content(2), picture);
  EXPECT_EQ(mail.index.parts[2].encoding, Encoding::kIdentity);
  EXPECT_EQ(mail.index.parts[2].cid, "pic@x");
  EXPECT_EQ(mail.index.parts[2].disposition, Disposition::kInline);
  EXPECT_EQ(mail.content(3), file);
  EXPECT_EQ(mail.index.parts[3].name, "\xe5\xb1\xb1.pdf");
  EXPECT_EQ(mail.index.parts[3].disposition, Disposition::kAttachment);
  EXPECT_EQ(mail.index.parts[4].type, "message/rfc822");
  EXPECT_EQ(mail.content(4), "Subject: inner\r\n\r\n--m2\r\n");
  EXPECT_EQ(mail.content(5), "footer");
  EXPECT_EQ(mail.index.body, (std::vector{BodyGroup{.text = 0, .html = 1}, BodyGroup{.text = 5, .html = {}}}));
  EXPECT_EQ(mail.index.runs.size(), 2U);
}

// Stored decoded, a part may hold what looks like the end of all parts. Nobody parses it again.
TEST(IndexMessage, ABoundaryWithinAnAttachmentEndsNothing) {
  std::ifstream file(std::string(BULLA_SOURCE_DIR) + "/tests/corpus/boundary-decoded.eml", std::ios::binary);
  const std::string message{std::istreambuf_iterator<char>(file), {}};
  const Indexed mail(message);
  ASSERT_EQ(mail.index.parts.size(), 4U);
  EXPECT_EQ(mail.index.runs.size(), 2U);
  EXPECT_EQ(mail.content(1), "\r\n--b--\r\n");
  EXPECT_TRUE(mail.content(2).ends_with("<p>nobody sent this</p>\r\n--b--\r\n"));
  EXPECT_EQ(mail.content(3), "after");
  EXPECT_EQ(mail.index.body, (std::vector{BodyGroup{.text = 0, .html = {}}, BodyGroup{.text = 3, .html = {}}}));
  std::string restored;
  const auto done = envelope::restore(mail.stored, mail.index.runs, [&](ByteView bytes) -> Result<> {
    restored += as_text(bytes);
    return {};
  });
  EXPECT_TRUE(done);
  EXPECT_EQ(restored, message);
}

// What is the letter, by structure: parts of the names t(ext), h(tml), f(ile with a name), p(icture), in brackets.
TEST(IndexMessage, FindsTheLetter) {
  struct Row {
    const char* title;
    std::string shape;
    std::vector<BodyGroup> body;
  };
  auto both = [](std::uint32_t text, std::uint32_t html) { return BodyGroup{.text = text, .html = html}; };
  auto text = [](std::uint32_t number) { return BodyGroup{.text = number, .html = {}}; };
  auto html = [](std::uint32_t number) { return BodyGroup{.text = {}, .html = number}; };
  for (const auto& [title, shape, body] :
       {Row{"alternative", "alternative(th)", {both(0, 1)}},
        {"in the wrong order", "alternative(ht)", {both(1, 0)}},
        {"text only", "alternative(t)", {text(0)}},
        {"two texts", "mixed(tft)", {text(0), text(2)}},
        {"picture last", "mixed(hp)", {html(0)}},
        {"related", "related(hp)", {html(0)}},
        {"texts beside related", "related(ht)", {html(0)}},
        {"only a picture", "mixed(p)", {}},
        {"signed", "signed(tp)", {text(0)}},
        {"encrypted", "encrypted(pt)", {}},
        {"a named text alone", "mixed(f)", {text(0)}},
        {"a named text later", "mixed(tf)", {text(0)}},
        {"alternative with a mixed branch", "alternative(tmixed(hph))", {both(0, 1), html(3)}},
        {"calendar", "alternative(thp)", {both(0, 1)}},
        {"report", "report(tpp)", {text(0)}},
        {"nested mixed", "mixed(mixed(t)mixed(h))", {text(0), html(1)}}}) {
    int boundary = 0;
    std::string_view rest = shape;
    std::function<std::string()> entity = [&]() -> std::string {
      const auto at = rest.find_first_of("(");
      const bool multipart = at != std::string_view::npos && at > 1 &&
                             rest.substr(0, at).find(')') == std::string::npos &&
                             std::string_view("thfp").find(rest[0]) == std::string::npos;
      const auto leaf = [&](std::string_view headers) {
        rest.remove_prefix(1);
        return std::string(headers) + "\r\n\r\ncontent";
      };
      if (!multipart && rest[0] == 't') return leaf("Content-Type: text/plain");
      if (!multipart && rest[0] == 'h') return leaf("Content-Type: text/html");
      if (!multipart && rest[0] == 'f') return leaf("Content-Type: text/plain; name=a.txt");
      if (!multipart && rest[0] == 'p') return leaf("Content-Type: image/png");
      const auto mark = "b" + std::to_string(boundary++);
      auto out = "Content-Type: multipart/" + std::string(rest.substr(0, at)) + "; boundary=" + mark + "\r\n\r\n";
      rest.remove_prefix(at + 1);
      while (rest[0] != ')') out += "--" + mark + "\r\n" + entity() + "\r\n";
      rest.remove_prefix(1);
      return out + "--" + mark + "--\r\n";
    };
    const Indexed mail(kTop + entity());
    EXPECT_TRUE(mail.index.complete) << title;
    EXPECT_EQ(mail.index.body, body) << title << " " << shape;
  }
}

TEST(IndexMessage, RelatedMayNameItsRoot) {
  const Indexed mail(kTop +
                     "Content-Type: multipart/related; boundary=r; start=\"<root@x>\"\r\n\r\n--r\r\n"
                     "Content-Type: image/png\r\n\r\npng\r\n--r\r\nContent-Type: text/html\r\n"
                     "Content-ID: <root@x>\r\n\r\n<p>\r\n--r--\r\n");
  EXPECT_EQ(mail.index.body, (std::vector{BodyGroup{.text = {}, .html = 1}}));
}

TEST(IndexMessage, HostileNamesStayValidText) {
  struct Row {
    const char* title;
    std::string disposition, name;
  };
  for (const auto& [title, disposition, name] :
       {Row{"continuations", "attachment; filename*0=\"a \"; filename*1=\"b.pdf\"", "a b.pdf"},
        {"RFC 2231 in pieces", "attachment; filename*0*=utf-8''%E5%B1; filename*1*=%B1.pdf", "\xe5\xb1\xb1.pdf"},
        {"RFC 2047 in quotes", "attachment; filename=\"=?utf-8?Q?=E5=B1=B1?=.pdf\"", "\xe5\xb1\xb1.pdf"},
        {"path", "attachment; filename=\"../../etc/passwd\"", "../../etc/passwd"},
        {"bidi", "attachment; filename*=utf-8''a%E2%80%AEfdp.exe",
         "a\xe2\x80\xae"
         "fdp.exe"}}) {
    const Indexed mail(kTop + "Content-Type: application/pdf\r\nContent-Disposition: " + disposition + "\r\n\r\nx");
    ASSERT_EQ(mail.index.parts.size(), 1U) << title;
    EXPECT_EQ(mail.index.parts[0].name, name) << title;
  }
}

// From here on: mail that is beyond bounds, or broken.

std::string with_parts(std::size_t count) {
  std::string out = kTop + "Content-Type: multipart/mixed; boundary=b\r\n\r\n";
  for (std::size_t i = 0; i < count; ++i) out += "--b\r\n\r\nx\r\n";
  return out + "--b--\r\n";
}

std::string repeated(std::string_view text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

std::string nested(int depth) {
  std::string out = kTop, end;
  for (int i = 0; i < depth; ++i) {
    const auto boundary = "b" + std::to_string(i) + "x";
    out += "Content-Type: multipart/mixed; boundary=" + boundary + "\r\n\r\n--" + boundary + "\r\n";
    end = "\r\n--" + boundary + "--\r\n" + end;
  }
  return out + "\r\nx" + end;
}

TEST(IndexMessage, BeyondItsBoundsItKeepsTheHeadersOnly) {
  struct Row {
    const char* title;
    std::string message;
    bool complete;
  };
  for (const auto& [title, message, complete] :
       {Row{"1000 parts", with_parts(1000), true},
        {"1001 parts", with_parts(1001), false},
        {"10,000 parts", with_parts(10'000), false},
        {"a million lines of dashes", with_parts(1'000'000), false},
        {"50 levels", nested(50), true},
        {"51 levels", nested(51), false},
        {"2000 levels", nested(2000), false},
        {"groups within groups", kTop + "Cc: " + repeated("g:", 500'000) + "\r\n\r\nx", false},
        {"brackets before a comment without an end", kTop + "Cc: n@[x]\r\n (y\r\n\r\nx", false},
        {"brackets before a comment with one", kTop + "Cc: n@[x] (y)\r\n\r\nx", true},
        {"brackets in a subject", kTop + "Subject: @[x] (y\r\n\r\nx", true},
        {"no parts in a multipart", kTop + "Content-Type: multipart/mixed; boundary=b\r\n\r\nnothing\r\n", false},
        {"long texts in all",
         [] {
           auto out = kTop + "Content-Type: multipart/mixed; boundary=b\r\n\r\n";
           for (int i = 0; i < 500; ++i)
             out += "--b\r\nContent-Type: text/plain; name=\"" + std::string(900, 'n') + "\"\r\n\r\nx\r\n";
           return out + "--b--\r\n";
         }(),
         false},
        {"nothing", "", false}}) {
    const auto index = index_message(as_bytes(message));
    EXPECT_EQ(index.complete, complete) << title;
    EXPECT_TRUE(complete || (index.parts.empty() && index.body.empty() && index.runs.empty())) << title;
    if (!message.empty()) EXPECT_EQ(index.from.address, "ann@acme.example") << title;
  }
}

TEST(IndexMessage, LongHeadersAreCut) {
  std::string to;
  for (int i = 0; i < 5000; ++i) to += "Name " + std::to_string(i) + " <a" + std::to_string(i) + "@example.org>,\r\n ";
  const auto index = index_message(as_bytes("From: ann@acme.example\r\nTo: " + to +
                                            "x@example.org\r\nSubject: " + std::string(1'000'000, 's') + "\r\n\r\nx"));
  EXPECT_EQ(index.to.size(), envelope::kMaxMailboxes - 2);
  EXPECT_LE(index.subject.size(), envelope::kMaxString);
  EXPECT_GT(index.subject.size(), 16'000U);
  EXPECT_TRUE(index.complete);
}

TEST(IndexMessage, DatesOutOfRangeAreNone) {
  for (const char* date : {"Fri, 31 Dec 99999 00:00:00 +0000", "garbage", "", "Mon, 99 Foo 2026 99:99:99 +9999"})
    EXPECT_FALSE(index_message(as_bytes(std::string("Date: ") + date + "\r\n\r\nx")).date) << date;
}

void expect_valid(const MessageIndex& index, std::size_t stored_size) {
  auto valid = [](const std::string& text) {
    return text.size() <= envelope::kMaxString &&
           g_utf8_validate(text.data(), static_cast<gssize>(text.size()), nullptr) != FALSE;
  };
  EXPECT_TRUE(valid(index.subject) && valid(index.from.name) && valid(index.message_id));
  EXPECT_EQ(index.subject.find_first_of("\r\n"), std::string::npos);
  std::uint64_t end = 0;
  for (const auto& part : index.parts) {
    EXPECT_TRUE(valid(part.type) && valid(part.name) && valid(part.charset) && valid(part.cid));
    EXPECT_GE(part.offset, end);
    end = part.offset + part.size;
  }
  EXPECT_LE(end, stored_size);
  EXPECT_TRUE(envelope::check_runs(index.runs, stored_size));
}

TEST(IndexMessage, GeneratedMailComesBackByteForByte) {
  testing::MailGenerator mails("property");
  int complete = 0, runs = 0, left = 0;
  for (int round = 0; round < 3000; ++round) {
    const auto message = mails.message();
    const Indexed mail(message);
    expect_valid(mail.index, mail.stored.size());
    Bytes restored;
    ASSERT_TRUE(envelope::restore(mail.stored, mail.index.runs, [&](ByteView bytes) -> Result<> {
      append(restored, bytes);
      return {};
    }));
    ASSERT_EQ(as_text(restored), message);
    EXPECT_EQ(envelope::original_size(mail.index.runs, mail.stored.size()), message.size());
    EXPECT_EQ(envelope::stored_size(mail.index.runs, message.size()), mail.stored.size());
    complete += mail.index.complete ? 1 : 0;
    runs += static_cast<int>(mail.index.runs.size());
    for (const auto& part : mail.index.parts) left += part.encoding == Encoding::kBase64 ? 1 : 0;
  }
  EXPECT_GT(complete, 1800);
  EXPECT_GT(runs, 1000);
  EXPECT_GT(left, 300);
}

TEST(IndexMessage, TakesBrokenMail) {
  testing::MailGenerator mails("broken");
  for (int round = 0; round < 1500; ++round) {
    auto message = mails.message();
    for (auto changes = 1 + mails.random().below(8); changes > 0 && !message.empty(); --changes) {
      const auto at = mails.random().below(message.size());
      switch (mails.random().below(4)) {
        case 0:
          message[at] = static_cast<char>(mails.random().below(256));
          break;
        case 1:
          message.erase(at, mails.random().below(40));
          break;
        case 2:
          message.insert(at, message.substr(mails.random().below(message.size()), 60));
          break;
        default:
          message.resize(at);
          break;
      }
    }
    const Indexed mail(message);
    expect_valid(mail.index, mail.stored.size());
    Bytes restored;
    ASSERT_TRUE(envelope::restore(mail.stored, mail.index.runs, [&](ByteView bytes) -> Result<> {
      append(restored, bytes);
      return {};
    }));
    ASSERT_EQ(as_text(restored), message);
  }
}

TEST(IndexMessage, ASenderThatLooksLikeAnotherIsLeftOut) {
  const std::string from = "From: ann@acme.example\r\n";
  for (const char* sender : {"\"ceo@bank.example \"@acme.example", "\"a b\"@acme.example"}) {
    const auto index = index_message(as_bytes(from + "Sender: " + sender + "\r\n\r\nx\r\n"));
    EXPECT_FALSE(index.sender) << sender;
  }
  EXPECT_TRUE(index_message(as_bytes(from + "Sender: bob@acme.example\r\n\r\nx\r\n")).sender);
}

}  // namespace
}  // namespace bulla::mail
