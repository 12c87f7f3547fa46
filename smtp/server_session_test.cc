#include "smtp/server_session.h"

#include <gmock/gmock.h>

#include <random>

namespace bulla::smtp {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

// Owner plays the part of net/ and of the program: takes everything, but for a few local parts.
class Owner {
 public:
  explicit Owner(ServerConfig config = standard()) : session(std::move(config)) {}

  static ServerConfig standard() {
    ServerConfig config;
    config.host_name = "gw.example";
    config.offer_tls = true;
    config.max_message = 1000;
    config.max_recipients = 3;
    config.max_errors = 5;
    return config;
  }

  // say feeds text in pieces of `step` bytes and returns what the server has answered.
  std::string say(std::string_view text, std::size_t step = 100'000) {
    for (std::size_t at = 0; at < text.size() && !closed; at += step) {
      session.feed(as_bytes(text.substr(at, step)));
      run();
    }
    run();
    return std::exchange(heard, {});
  }

  void run() {
    while (!closed) {
      auto action = session.next();
      heard += session.take_output();
      if (std::holds_alternative<NeedInput>(action)) return;
      act(action);
    }
  }

  ServerSession session;
  std::string heard;
  std::vector<std::pair<Envelope, std::string>> messages;
  std::string body;
  bool closed = false;
  int dropped = 0;
  bool refuse_bodies = false;

 private:
  void act(ServerAction& action) {
    if (auto* mail = std::get_if<AskMail>(&action)) {
      const std::string local = mail->mail.sender ? mail->mail.sender->local : "";
      session.answer(answer(local == "banned"  ? Answer::kPolicyRefused
                            : local == "hasty" ? Answer::kShuttingDown
                                               : Answer::kSenderOk));
    } else if (auto* rcpt = std::get_if<AskRecipient>(&action)) {
      session.answer(answer(rcpt->recipient.local == "nobody" ? Answer::kNoSuchUser : Answer::kRecipientOk));
    } else if (std::holds_alternative<BodyBegin>(action)) {
      body.clear();
      if (refuse_bodies) session.refuse_body(answer(Answer::kNoRoom));
    } else if (auto* piece = std::get_if<BodyPiece>(&action)) {
      body += as_text(piece->bytes);
    } else if (std::holds_alternative<BodyDropped>(action)) {
      ++dropped;
      body.clear();
    } else if (auto* end = std::get_if<BodyEnd>(&action)) {
      messages.emplace_back(std::move(end->envelope), body);
      session.answer(answer(body == "later\r\n" ? Answer::kTryLater : Answer::kAccepted));
    } else if (std::holds_alternative<StartTls>(action)) {
      session.tls_started();
    } else {
      closed = true;
    }
  }
};

const std::string kTransaction = "MAIL FROM:<a@x.org>\r\nRCPT TO:<b@y.org>\r\nDATA\r\n";
const std::string kTransactionReplies =
    "250 2.1.0 Sender OK\r\n250 2.1.5 Recipient OK\r\n354 Send the message, end it with <CRLF>.<CRLF>\r\n";

TEST(ServerSession, GreetsAndOffers) {
  Owner owner;
  EXPECT_EQ(owner.say(""), "220 gw.example ESMTP ready\r\n");
  EXPECT_EQ(owner.say("EHLO client\r\n"),
            "250-gw.example\r\n250-PIPELINING\r\n250-SIZE 1000\r\n250-STARTTLS\r\n250-ENHANCEDSTATUSCODES\r\n"
            "250 8BITMIME\r\n");
  EXPECT_EQ(owner.say("HELO client\r\n"), "250 gw.example\r\n");
}

TEST(ServerSession, TakesAMessage) {
  Owner owner;
  owner.say("EHLO client.example\r\n");
  EXPECT_EQ(owner.say("MAIL FROM:<a@x.org> SIZE=10 BODY=8BITMIME\r\nRCPT TO:<b@y.org>\r\nRCPT TO:<nobody@y.org>\r\n"
                      "RCPT TO:<c@y.org>\r\nDATA\r\n"),
            "250 2.1.0 Sender OK\r\n250 2.1.5 Recipient OK\r\n550 5.1.1 No such recipient\r\n250 2.1.5 Recipient OK\r\n"
            "354 Send the message, end it with <CRLF>.<CRLF>\r\n");
  EXPECT_TRUE(owner.session.reading_body());
  EXPECT_FALSE(owner.session.idle());
  EXPECT_EQ(owner.say("hello\r\n..\r\n.\r\n"), "250 2.0.0 Message accepted\r\n");
  EXPECT_TRUE(owner.session.idle());
  ASSERT_EQ(owner.messages.size(), 1u);
  const auto& [envelope, body] = owner.messages[0];
  EXPECT_EQ(body, "hello\r\n.\r\n");
  EXPECT_EQ(envelope.helo, "client.example");
  EXPECT_TRUE(envelope.esmtp);
  EXPECT_FALSE(envelope.tls);
  EXPECT_EQ(envelope.mail.sender, (Mailbox{"a", "x.org"}));
  EXPECT_EQ(envelope.mail.size, 10u);
  EXPECT_TRUE(envelope.mail.eight_bit);
  EXPECT_EQ(envelope.recipients, (std::vector<Mailbox>{{"b", "y.org"}, {"c", "y.org"}}));
  EXPECT_EQ(owner.session.messages(), 1u);
}

// One answer to one line, in a session that has said EHLO, or what `before` says.
TEST(ServerSession, Answers) {
  struct Row {
    const char* title;
    std::string before;
    std::string line;
    std::string reply;
  } rows[] = {
      {"unknown command", "EHLO c\r\n", "XYZZY", "500 5.5.1"},
      {"empty line", "EHLO c\r\n", "", "500 5.5.1"},
      {"EHLO without a name", "", "EHLO", "501 5.5.4"},
      {"EHLO with two names", "", "EHLO a b", "501 5.5.4"},
      {"MAIL before EHLO", "", "MAIL FROM:<a@x.org>", "503 5.5.1"},
      {"RCPT before MAIL", "EHLO c\r\n", "RCPT TO:<a@x.org>", "503 5.5.1"},
      {"DATA before MAIL", "EHLO c\r\n", "DATA", "503 5.5.1"},
      {"DATA before RCPT", "EHLO c\r\nMAIL FROM:<>\r\n", "DATA", "554 5.5.1"},
      {"DATA with all recipients refused", "EHLO c\r\nMAIL FROM:<>\r\nRCPT TO:<nobody@x.org>\r\n", "DATA", "554 5.5.1"},
      {"DATA with argument", "EHLO c\r\nMAIL FROM:<>\r\nRCPT TO:<a@x.org>\r\n", "DATA x", "501 5.5.4"},
      {"second MAIL", "EHLO c\r\nMAIL FROM:<>\r\n", "MAIL FROM:<>", "503 5.5.1"},
      {"MAIL after a refused MAIL", "EHLO c\r\nMAIL FROM:<banned@x.org>\r\n", "MAIL FROM:<>", "250 2.1.0"},
      {"RCPT after a refused MAIL", "EHLO c\r\nMAIL FROM:<banned@x.org>\r\n", "RCPT TO:<a@x.org>", "503 5.5.1"},
      {"RSET ends the transaction", "EHLO c\r\nMAIL FROM:<>\r\nRSET\r\n", "MAIL FROM:<>", "250 2.1.0"},
      {"EHLO ends the transaction", "EHLO c\r\nMAIL FROM:<>\r\nEHLO c\r\n", "MAIL FROM:<>", "250 2.1.0"},
      {"HELO ends the transaction", "EHLO c\r\nMAIL FROM:<>\r\nHELO c\r\n", "MAIL FROM:<>", "250 2.1.0"},
      {"RSET with argument", "EHLO c\r\n", "RSET x", "501 5.5.4"},
      {"declared size too big", "EHLO c\r\n", "MAIL FROM:<> SIZE=1001", "552 5.3.4"},
      {"declared size just right", "EHLO c\r\n", "MAIL FROM:<> SIZE=1000", "250 2.1.0"},
      {"too many recipients", "EHLO c\r\nMAIL FROM:<>\r\nRCPT TO:<a@x>\r\nRCPT TO:<b@x>\r\nRCPT TO:<c@x>\r\n",
       "RCPT TO:<d@x>", "452 4.5.3"},
      {"bad recipient", "EHLO c\r\nMAIL FROM:<>\r\n", "RCPT TO:<a>", "501 5.1.3"},
      {"bad sender", "EHLO c\r\n", "MAIL FROM:<a>", "501 5.1.7"},
      {"sender beyond ASCII", "EHLO c\r\n", "MAIL FROM:<\xc3\xb6@x.org>", "553 5.6.7"},
      {"other text beyond ASCII", "EHLO c\r\n", "NOOP \xc3\xb6", "501 5.5.4"},
      {"NUL", "EHLO c\r\n", std::string("NOOP\0", 5), "501 5.5.4"},
      {"parameter not offered", "EHLO c\r\n", "MAIL FROM:<> SMTPUTF8", "555 5.5.4"},
      {"VRFY", "EHLO c\r\n", "VRFY root", "252 2.5.2"},
      {"VRFY without argument", "EHLO c\r\n", "VRFY", "501 5.5.4"},
      {"EXPN", "EHLO c\r\n", "EXPN list", "502 5.5.1"},
      {"HELP", "EHLO c\r\n", "HELP", "214 2.0.0"},
      {"NOOP", "EHLO c\r\n", "NOOP with words", "250 2.0.0"},
      {"lower case and spaces", "EHLO c\r\n", "noop  ", "250 2.0.0"},
      {"verb with a tail", "EHLO c\r\n", "NOOPS", "500 5.5.1"},
      {"AUTH", "EHLO c\r\n", "AUTH PLAIN", "500 5.5.1"},
      {"BDAT", "EHLO c\r\n", "BDAT 10", "500 5.5.1"},
      {"STARTTLS with argument", "EHLO c\r\n", "STARTTLS x", "501 5.5.4"},
      {"STARTTLS twice", "EHLO c\r\nSTARTTLS\r\n", "STARTTLS", "503 5.5.1"},
      {"QUIT", "", "QUIT", "221 2.0.0"},
      {"QUIT with argument", "", "QUIT x", "501 5.5.4"},
      {"line of 1024", "EHLO c\r\n", "NOOP " + std::string(1024 - 7, 'x'), "250 2.0.0"},
      {"line of 1025", "EHLO c\r\n", "NOOP " + std::string(1024 - 6, 'x'), "500 5.5.6"},
  };
  for (const auto& row : rows) {
    Owner owner;
    owner.say("");
    // What goes before is said in one piece, but STARTTLS throws away what stands behind it.
    for (std::size_t at = 0; at < row.before.size();) {
      const auto end = row.before.find("\r\n", at) + 2;
      owner.say(row.before.substr(at, end - at));
      at = end;
    }
    EXPECT_THAT(owner.say(row.line + "\r\n"), StartsWith(row.reply)) << row.title;
  }
}

// Whatever the pieces in which the bytes come, the same is said and taken.
TEST(ServerSession, PiecesMakeNoDifference) {
  const std::string dialogues[] = {
      "EHLO c\r\n" + kTransaction + "x\r\n..\r\n.\r\nQUIT\r\n",
      "HELO c\r\n" + kTransaction + ".\r\n" + kTransaction + "a\nb\r\n.\r\n" + kTransaction + "later\r\n.\r\nQUIT\r\n",
      "EHLO c\r\n" + kTransaction + std::string(1200, 'x') + "\r\n.\r\nNOOP\r\nXYZZY\r\nQUIT\r\nNOOP\r\n",
      "EHLO c\r\nXX\r\nXX\r\nXX\r\nXX\r\nXX\r\nXX\r\n",
      "EHLO c\r\nMAIL FROM:<a@x.org>\nRCPT TO:<b@y.org>\r\n",
      "EHLO " + std::string(3000, 'x') + "\r\nNOOP\r\n",
  };
  for (const auto& dialogue : dialogues) {
    Owner whole;
    const std::string heard = whole.say(dialogue);
    for (std::size_t step = 1; step < 60; ++step) {
      Owner pieces;
      EXPECT_EQ(pieces.say(dialogue, step), heard) << step;
      EXPECT_EQ(pieces.closed, whole.closed);
      ASSERT_EQ(pieces.messages.size(), whole.messages.size());
      for (std::size_t i = 0; i < whole.messages.size(); ++i) {
        EXPECT_EQ(pieces.messages[i].second, whole.messages[i].second);
        EXPECT_EQ(pieces.messages[i].first.recipients, whole.messages[i].first.recipients);
      }
    }
  }
}

TEST(ServerSession, AMessageThatCannotBeTakenIsReadToItsEnd) {
  struct Row {
    const char* title;
    std::string body;
    std::string reply;
  } rows[] = {
      {"too big", std::string(999, 'x'), "552 5.3.4 Message is too big\r\n"},
      {"bare LF", "a\nb", "550 5.6.0 Message contains a bare CR or LF; lines end in CRLF\r\n"},
      {"bare CR", "a\rb", "550 5.6.0 Message contains a bare CR or LF; lines end in CRLF\r\n"},
      {"bare LF around a dot", "a\n.\nMAIL FROM:<evil@x.org>",
       "550 5.6.0 Message contains a bare CR or LF; lines end in CRLF\r\n"},
      {"long line", std::string(101, 'x'), "550 5.6.0 Message contains a line that is too long\r\n"},
  };
  for (const auto& row : rows) {
    auto config = Owner::standard();
    if (std::string_view(row.title) == "long line") config.max_text_line = 100;
    Owner owner(config);
    owner.say("EHLO c\r\n");
    EXPECT_EQ(owner.say(kTransaction + row.body + "\r\n.\r\n"), kTransactionReplies + row.reply) << row.title;
    EXPECT_EQ(owner.dropped, 1) << row.title;
    EXPECT_EQ(owner.body, "") << row.title;
    EXPECT_TRUE(owner.messages.empty()) << row.title;
    EXPECT_EQ(owner.say(kTransaction + "ok\r\n.\r\n"), kTransactionReplies + "250 2.0.0 Message accepted\r\n")
        << row.title;
  }
}

TEST(ServerSession, TheOwnerMayHaveNoRoom) {
  Owner owner;
  owner.refuse_bodies = true;
  owner.say("EHLO c\r\n");
  EXPECT_THAT(owner.say(kTransaction + "x\r\n.\r\n"), HasSubstr("452 4.3.1"));
  EXPECT_EQ(owner.dropped, 1);
  owner.refuse_bodies = false;
  EXPECT_THAT(owner.say(kTransaction + "x\r\n.\r\n"), HasSubstr("250 2.0.0 Message accepted"));
}

// Smuggling, seen from the session: there is one message or none, and nothing in it is taken for a command.
TEST(ServerSession, NothingInAMessageIsACommand) {
  for (const std::string end :
       {"\n.\n", "\n.\r\n", "\r\n.\n", "\r.\r", "\r\n.\r", "\r.\r\n", "\r\r\n.\r\r\n", "\n\n.\r\n"}) {
    Owner owner;
    owner.say("EHLO c\r\n");
    owner.say(kTransaction + "a" + end + "MAIL FROM:<evil@x.org>\r\nRCPT TO:<victim@y.org>\r\nDATA\r\nevil\r\n.\r\n");
    EXPECT_TRUE(owner.messages.empty()) << testing::PrintToString(end);
    EXPECT_TRUE(owner.session.idle());
  }
}

TEST(ServerSession, ABareLineEndInACommandClosesTheSession) {
  for (const std::string line : {"NOOP\n", "NOOP\rNOOP\r\n", "MAIL FROM:<a@x.org>\n", "NOOP\r\r\n", "\n"}) {
    Owner owner;
    owner.say("EHLO c\r\n");
    EXPECT_EQ(owner.say(line + "NOOP\r\n"), "500 5.5.2 Command line with a bare CR or LF; lines end in CRLF\r\n");
    EXPECT_TRUE(owner.closed);
  }
}

TEST(ServerSession, StartTlsForgetsWhatCameInClear) {
  Owner owner;
  owner.say("EHLO c\r\nMAIL FROM:<a@x.org>\r\nRCPT TO:<b@y.org>\r\n");
  EXPECT_EQ(owner.say("STARTTLS\r\nEHLO evil\r\nMAIL FROM:<evil@x.org>\r\n"), "220 2.0.0 Ready to start TLS\r\n");
  EXPECT_THAT(owner.say("DATA\r\n"), StartsWith("503"));
  EXPECT_THAT(owner.say("MAIL FROM:<a@x.org>\r\n"), StartsWith("503"));
  EXPECT_THAT(owner.say("EHLO c\r\n"), Not(HasSubstr("STARTTLS")));
  owner.say(kTransaction + "x\r\n.\r\n");
  ASSERT_EQ(owner.messages.size(), 1u);
  EXPECT_TRUE(owner.messages[0].first.tls);
}

TEST(ServerSession, TlsMayBeRequired) {
  auto config = Owner::standard();
  config.require_tls = true;
  Owner owner(config);
  owner.say("EHLO c\r\n");
  EXPECT_THAT(owner.say("MAIL FROM:<a@x.org>\r\n"), StartsWith("530 5.7.0"));
  owner.say("STARTTLS\r\n");
  owner.say("EHLO c\r\n");
  EXPECT_THAT(owner.say("MAIL FROM:<a@x.org>\r\n"), StartsWith("250"));
}

TEST(ServerSession, WithoutTlsStartTlsIsNotThere) {
  auto config = Owner::standard();
  config.offer_tls = false;
  Owner owner(config);
  EXPECT_THAT(owner.say("EHLO c\r\n"), Not(HasSubstr("STARTTLS")));
  EXPECT_THAT(owner.say("STARTTLS\r\n"), StartsWith("502"));
}

TEST(ServerSession, ErrorsAndCommandsAreCounted) {
  Owner errors;
  errors.say("EHLO c\r\n");
  EXPECT_EQ(errors.say("A\r\nB\r\nC\r\nD\r\nE\r\nF\r\n"),
            "500 5.5.1 Unknown command\r\n500 5.5.1 Unknown command\r\n500 5.5.1 Unknown command\r\n"
            "500 5.5.1 Unknown command\r\n500 5.5.1 Unknown command\r\n421 4.7.0 Too many errors\r\n");
  EXPECT_TRUE(errors.closed);
  auto config = Owner::standard();
  config.max_commands = 3;
  Owner commands(config);
  commands.say("");
  EXPECT_EQ(commands.say("NOOP\r\nNOOP\r\nNOOP\r\nNOOP\r\nNOOP\r\n"),
            "250 2.0.0 OK\r\n250 2.0.0 OK\r\n250 2.0.0 OK\r\n421 4.7.0 Too many commands in one session\r\n");
}

TEST(ServerSession, RecipientsThatTheOwnerRefusesAreNoErrors) {
  Owner owner;
  owner.say("EHLO c\r\nMAIL FROM:<>\r\n");
  for (int i = 0; i < 20; ++i) EXPECT_THAT(owner.say("RCPT TO:<nobody@x.org>\r\n"), StartsWith("550"));
  EXPECT_FALSE(owner.closed);
}

TEST(ServerSession, TheOwnersA421EndsTheSession) {
  Owner owner;
  owner.say("EHLO c\r\n");
  EXPECT_THAT(owner.say("MAIL FROM:<hasty@x.org>\r\nNOOP\r\n"), testing::EndsWith("try again in a minute\r\n"));
  EXPECT_TRUE(owner.closed);
}

TEST(ServerSession, BrowsersAreSentAway) {
  Owner owner;
  owner.say("");
  EXPECT_EQ(owner.say("POST / HTTP/1.1\r\nHost: x\r\n\r\nEHLO x\r\nMAIL FROM:<a@x.org>\r\n"),
            "500 5.5.1 Unknown command: this is an SMTP server\r\n");
  EXPECT_TRUE(owner.closed);
}

TEST(ServerSession, ALineWithoutEndClosesTheSession) {
  Owner owner;
  owner.say("EHLO c\r\n");
  EXPECT_EQ(owner.say(std::string(70'000, 'x'), 1000), "500 5.5.6 Command line is too long\r\n");
  EXPECT_TRUE(owner.closed);
}

TEST(ServerSession, CloseWithIsTheLastWord) {
  Owner owner;
  owner.say("EHLO c\r\n" + kTransaction + "half a mess");
  owner.session.close_with(answer(Answer::kShuttingDown));
  EXPECT_THAT(owner.say("age\r\n.\r\n"), StartsWith("421 4.3.2"));
  EXPECT_TRUE(owner.closed);
  EXPECT_TRUE(owner.messages.empty());
}

// Random dialogues of well-formed and broken pieces: each whole command line gets one reply, and nothing crashes.
TEST(ServerSession, RandomDialoguesInRandomPieces) {
  const std::string pieces[] = {"EHLO c\r\n",
                                "MAIL FROM:<a@x.org>\r\n",
                                "RCPT TO:<b@y.org>\r\n",
                                "DATA\r\n",
                                "text\r\n",
                                "..\r\n",
                                ".\r\n",
                                "RSET\r\n",
                                "NOOP\r\n",
                                "STARTTLS\r\n",
                                "RCPT TO:<x\r\n",
                                "VRFY a\r\n",
                                "\r\n",
                                "HELO d\r\n"};
  std::mt19937 random(11);
  for (int round = 0; round < 500; ++round) {
    std::string dialogue;
    const auto count = random() % 40;
    for (unsigned i = 0; i < count; ++i) dialogue += pieces[random() % std::size(pieces)];
    auto config = Owner::standard();
    config.offer_tls = false;  // what follows STARTTLS in one piece is thrown away, in the next it is not
    config.max_errors = 1000;
    Owner whole(config);
    Owner cut(config);
    const auto heard = whole.say(dialogue);
    EXPECT_EQ(cut.say(dialogue, 1 + random() % 20), heard) << dialogue;
    EXPECT_EQ(cut.messages.size(), whole.messages.size());
  }
}

}  // namespace
}  // namespace bulla::smtp
