#include "smtp/client_session.h"

#include <gmock/gmock.h>

#include "smtp/data_writer.h"

namespace bulla::smtp {
namespace {

using testing::HasSubstr;

// A server's side of a dialogue: after each of the client's outputs, what the server says next. "" closes.
struct Script {
  std::vector<std::pair<std::string, std::string>> turns;  // {what the client must have said, answer}
};

const std::string kEhlo = "250-mx.example\r\n250-PIPELINING\r\n250-SIZE 1000\r\n250-STARTTLS\r\n250 8BITMIME\r\n";
const std::string kPlainEhlo = "250-mx.example\r\n250 SIZE 1000\r\n";

struct Played {
  std::optional<TransactionResult> result;
  std::string said;  // all that the client has said, the body as <BODY>
  int handshakes = 0;
  bool ready = false;
  bool closed = false;
};

std::string outcomes(const Played& played) {
  std::string out;
  if (!played.result) return "none";
  for (const auto& one : played.result->recipients) {
    if (!out.empty()) out += ", ";
    out += one.outcome == Outcome::kDelivered   ? "delivered"
           : one.outcome == Outcome::kPermanent ? "permanent"
                                                : "temporary";
    out += " (" + one.reply.line() + ")";
  }
  return out + (played.result->uncertain ? " uncertain" : "");
}

// play runs a session against a server that says `answers` one after the other, whenever the client waits.
Played play(ClientSession& session, std::vector<std::string> answers, std::size_t step = 100'000) {
  Played played;
  std::size_t turn = 0;
  while (true) {
    auto action = session.next();
    played.said += session.take_output();
    if (std::holds_alternative<ClientNeedInput>(action)) {
      if (turn == answers.size()) {
        session.connection_lost("the connection broke");
        continue;
      }
      const std::string& text = answers[turn++];
      for (std::size_t at = 0; at < text.size(); at += step)
        session.feed(as_bytes(std::string_view(text).substr(at, step)));
    } else if (std::holds_alternative<ClientStartTls>(action)) {
      played.said += "<TLS>";
      ++played.handshakes;
      session.tls_started();
    } else if (std::holds_alternative<ClientSendBody>(action)) {
      played.said += "<BODY>";
      session.body_sent();
    } else if (auto* end = std::get_if<ClientFinished>(&action)) {
      played.result = std::move(end->result);
    } else {
      played.ready = std::holds_alternative<ClientReady>(action);
      played.closed = std::holds_alternative<ClientClose>(action);
      return played;
    }
  }
}

Transaction transaction(std::vector<std::string> recipients = {"b@y.org"}) {
  Transaction out;
  out.sender = Mailbox{"a", "x.org"};
  for (const auto& text : recipients) out.recipients.push_back(*parse_mailbox(text));
  out.size = 500;
  return out;
}

ClientConfig config(TlsPolicy tls = TlsPolicy::kNone, std::size_t pipeline = 64) {
  return {"client.example", tls, pipeline};
}

Played play_one(ClientConfig with, Transaction what, std::vector<std::string> answers, std::size_t step = 100'000) {
  ClientSession session(std::move(with));
  session.begin(std::move(what));
  return play(session, std::move(answers), step);
}

TEST(ClientSession, SpeaksPlainlyToAPlainServer) {
  const auto played = play_one(
      config(), transaction({"b@y.org", "c@y.org"}),
      {"220 hi\r\n", kPlainEhlo, "250 ok\r\n", "250 ok\r\n", "550 5.1.1 no\r\n", "354 go\r\n", "250 2.0.0 queued\r\n"});
  EXPECT_EQ(played.said,
            "EHLO client.example\r\nMAIL FROM:<a@x.org> SIZE=500\r\nRCPT TO:<b@y.org>\r\nRCPT "
            "TO:<c@y.org>\r\nDATA\r\n<BODY>");
  EXPECT_EQ(outcomes(played), "delivered (250 2.0.0 queued), permanent (550 5.1.1 no)");
  EXPECT_TRUE(played.ready);
}

TEST(ClientSession, PipelinesWhenOffered) {
  const auto played = play_one(config(), transaction({"b@y.org", "c@y.org"}),
                               {"220 hi\r\n", kEhlo, "250 ok\r\n250 ok\r\n450 later\r\n354 go\r\n", "250 queued\r\n"});
  EXPECT_EQ(outcomes(played), "delivered (250 queued), temporary (450 later)");
  EXPECT_TRUE(played.ready);
}

TEST(ClientSession, TheWindowBoundsWhatIsOnItsWay) {
  std::vector<std::string> recipients;
  std::string oks;
  for (int i = 0; i < 10; ++i) {
    recipients.push_back("r" + std::to_string(i) + "@y.org");
    oks += "250 ok\r\n";
  }
  ClientSession session(config(TlsPolicy::kNone, 4));
  session.begin(transaction(recipients));
  session.feed(as_bytes("220 hi\r\n"));
  session.next();
  session.take_output();
  session.feed(as_bytes(kEhlo));
  session.next();
  const std::string first = session.take_output();
  EXPECT_EQ(std::ranges::count(first, '\n'), 4);
  session.feed(as_bytes("250 ok\r\n250 ok\r\n"));
  session.next();
  EXPECT_EQ(session.take_output(), "RCPT TO:<r3@y.org>\r\nRCPT TO:<r4@y.org>\r\n");
}

TEST(ClientSession, ReplyTable) {
  struct Row {
    const char* title;
    std::vector<std::string> answers;  // after greeting and EHLO with pipelining
    std::string outcome;
    bool ready;
  } rows[] = {
      {"accepted", {"250 a\r\n250 b\r\n354 c\r\n", "250 d\r\n"}, "delivered (250 d)", true},
      {"sender refused", {"550 5.7.1 not you\r\n503 x\r\n503 x\r\n"}, "permanent (550 5.7.1 not you)", true},
      {"sender deferred", {"451 later\r\n503 x\r\n503 x\r\n"}, "temporary (451 later)", true},
      {"sender refused, but 354", {"550 no\r\n250 x\r\n354 go\r\n"}, "permanent (550 no)", false},
      {"recipient refused", {"250 a\r\n550 5.1.1 who\r\n554 none\r\n"}, "permanent (550 5.1.1 who)", true},
      {"recipient refused, but 354", {"250 a\r\n550 who\r\n354 go\r\n"}, "permanent (550 who)", false},
      {"552 to RCPT is 452", {"250 a\r\n552 too many\r\n554 none\r\n"}, "temporary (552 too many)", true},
      {"DATA refused", {"250 a\r\n250 b\r\n554 5.7.1 spam\r\n"}, "permanent (554 5.7.1 spam)", true},
      {"DATA deferred", {"250 a\r\n250 b\r\n451 greylist\r\n"}, "temporary (451 greylist)", true},
      {"DATA answered 250", {"250 a\r\n250 b\r\n250 what\r\n"}, "temporary (250 what)", true},
      {"message refused", {"250 a\r\n250 b\r\n354 c\r\n", "552 5.3.4 big\r\n"}, "permanent (552 5.3.4 big)", true},
      {"message deferred", {"250 a\r\n250 b\r\n354 c\r\n", "452 4.3.1 full\r\n"}, "temporary (452 4.3.1 full)", true},
      {"message answered 354", {"250 a\r\n250 b\r\n354 c\r\n", "354 d\r\n"}, "temporary (354 d)", true},
      {"421 to MAIL", {"421 4.3.2 down\r\n"}, "temporary (421 4.3.2 down)", false},
      {"421 to the message", {"250 a\r\n250 b\r\n354 c\r\n", "421 down\r\n"}, "temporary (421 down)", false},
      {"closed before any reply", {}, "temporary (4.4.2 the connection broke)", false},
      {"closed after MAIL", {"250 a\r\n"}, "temporary (4.4.2 the connection broke)", false},
      {"closed after the message",
       {"250 a\r\n250 b\r\n354 c\r\n"},
       "temporary (4.4.2 the connection broke) uncertain",
       false},
      {"garbage", {"hello?\r\n"}, "temporary (4.5.0 the server's answer is not SMTP)", false},
      {"garbage after the message",
       {"250 a\r\n250 b\r\n354 c\r\n", "\x01\x02\r\n"},
       "temporary (4.5.0 the server's answer is not SMTP) uncertain",
       false},
      {"one reply too many", {"250 a\r\n250 b\r\n354 c\r\n", "250 d\r\n250 e\r\n"}, "delivered (250 d)", false},
  };
  for (const auto& row : rows)
    for (const std::size_t step : {1, 3, 1000}) {
      std::vector<std::string> answers = {"220 hi\r\n", kEhlo};
      answers.insert(answers.end(), row.answers.begin(), row.answers.end());
      const auto played = play_one(config(), transaction(), answers, step);
      EXPECT_EQ(outcomes(played), row.outcome) << row.title;
      EXPECT_EQ(played.ready, row.ready) << row.title;
      if (std::string_view(row.title).ends_with("but 354")) EXPECT_TRUE(played.said.ends_with("DATA\r\n")) << row.title;
    }
}

TEST(ClientSession, GreetingsAndHellos) {
  struct Row {
    const char* title;
    std::vector<std::string> answers;
    std::string outcome;
  } rows[] = {
      {"greeting refuses", {"554 5.7.1 go away\r\n"}, "temporary (554 5.7.1 go away)"},
      {"greeting defers", {"421 busy\r\n"}, "temporary (421 busy)"},
      {"not an SMTP server", {"SSH-2.0-OpenSSH\r\n"}, "temporary (4.5.0 the server's answer is not SMTP)"},
      {"closed at once", {}, "temporary (4.4.2 the connection broke)"},
      {"EHLO deferred", {"220 hi\r\n", "451 wait\r\n"}, "temporary (451 wait)"},
      {"HELO refused too", {"220 hi\r\n", "500 what\r\n", "500 what\r\n"}, "temporary (500 what)"},
      {"HELO taken",
       {"220 hi\r\n", "500 what\r\n", "250 old\r\n", "250 a\r\n", "250 b\r\n", "354 c\r\n", "250 d\r\n"},
       "delivered (250 d)"},
  };
  for (const auto& row : rows)
    EXPECT_EQ(outcomes(play_one(config(), transaction(), row.answers)), row.outcome) << row.title;
}

TEST(ClientSession, WhatCannotGoIsNotTried) {
  auto big = transaction();
  big.size = 1001;
  auto eight = transaction();
  eight.eight_bit = true;
  auto forged = transaction({"b@y.org", "c@y.org"});
  forged.recipients[0] = {"b", "y.org>\r\nRCPT TO:<evil@z.org"};
  auto sender = transaction();
  sender.sender = Mailbox{"a\r\nDATA", "x.org"};
  const std::vector<std::string> plain = {"220 hi\r\n", kPlainEhlo, "250 a\r\n", "250 b\r\n", "354 c\r\n", "250 d\r\n"};
  EXPECT_THAT(outcomes(play_one(config(), big, plain)), HasSubstr("permanent (5.3.4"));
  EXPECT_THAT(outcomes(play_one(config(), eight, plain)), HasSubstr("permanent (5.6.3"));
  EXPECT_THAT(outcomes(play_one(config(), sender, plain)), HasSubstr("permanent (5.1.7"));
  const auto played = play_one(config(), forged, plain);
  EXPECT_THAT(outcomes(played), HasSubstr("permanent (5.1.3"));
  EXPECT_THAT(outcomes(played), HasSubstr("delivered"));
  EXPECT_THAT(played.said, Not(HasSubstr("evil")));
  EXPECT_TRUE(play_one(config(), big, plain).ready);
}

TEST(ClientSession, EightBitIsDeclared) {
  auto eight = transaction();
  eight.eight_bit = true;
  eight.sender.reset();
  const auto played = play_one(config(), eight, {"220 hi\r\n", kEhlo, "250 a\r\n250 b\r\n354 c\r\n", "250 d\r\n"});
  EXPECT_THAT(played.said, HasSubstr("MAIL FROM:<> SIZE=500 BODY=8BITMIME\r\n"));
}

TEST(ClientSession, Tls) {
  struct Row {
    const char* title;
    TlsPolicy policy;
    std::vector<std::string> answers;
    std::string outcome;
    int handshakes;
  } rows[] = {
      {"offered and wanted",
       TlsPolicy::kOpportunistic,
       {"220 hi\r\n", kEhlo, "220 go\r\n", kEhlo, "250 a\r\n250 b\r\n354 c\r\n", "250 d\r\n"},
       "delivered (250 d)",
       1},
      {"offered and not wanted",
       TlsPolicy::kNone,
       {"220 hi\r\n", kEhlo, "250 a\r\n250 b\r\n354 c\r\n", "250 d\r\n"},
       "delivered (250 d)",
       0},
      {"not offered, not required",
       TlsPolicy::kOpportunistic,
       {"220 hi\r\n", kPlainEhlo, "250 a\r\n", "250 b\r\n", "354 c\r\n", "250 d\r\n"},
       "delivered (250 d)",
       0},
      {"not offered, required",
       TlsPolicy::kRequired,
       {"220 hi\r\n", kPlainEhlo},
       "temporary (4.7.4 TLS is required, and the server does not offer it)",
       0},
      {"refused, not required",
       TlsPolicy::kOpportunistic,
       {"220 hi\r\n", kEhlo, "454 no\r\n", "250 a\r\n250 b\r\n354 c\r\n", "250 d\r\n"},
       "delivered (250 d)",
       0},
      {"refused, required",
       TlsPolicy::kRequired,
       {"220 hi\r\n", kEhlo, "454 no\r\n"},
       "temporary (4.7.4 TLS is required, and the server refuses it: 454 no)",
       0},
      {"EHLO refused, required", TlsPolicy::kRequired, {"220 hi\r\n", "500 what\r\n"}, "temporary (500 what)", 0},
      {"reply put in behind STARTTLS",
       TlsPolicy::kRequired,
       {"220 hi\r\n", kEhlo, "220 go\r\n250 evil\r\n"},
       "temporary (4.7.0 the server sent data behind its answer to STARTTLS)",
       0},
      {"half a reply put in",
       TlsPolicy::kOpportunistic,
       {"220 hi\r\n", kEhlo, "220 go\r\n2"},
       "temporary (4.7.0 the server sent data behind its answer to STARTTLS)",
       0},
  };
  for (const auto& row : rows) {
    const auto played = play_one(config(row.policy), transaction(), row.answers);
    EXPECT_EQ(outcomes(played), row.outcome) << row.title;
    EXPECT_EQ(played.handshakes, row.handshakes) << row.title;
    if (row.policy == TlsPolicy::kRequired) EXPECT_THAT(played.said, Not(HasSubstr("MAIL"))) << row.title;
  }
}

TEST(ClientSession, DataThatComesBetweenStartTlsAndTheHandshakeIsRefused) {
  ClientSession session(config(TlsPolicy::kRequired));
  session.begin(transaction());
  session.feed(as_bytes("220 hi\r\n"));
  session.next();
  session.feed(as_bytes(kEhlo));
  session.next();
  session.feed(as_bytes("220 go\r\n"));
  EXPECT_TRUE(std::holds_alternative<ClientStartTls>(session.next()));
  session.feed(as_bytes("250 evil\r\n"));
  session.tls_started();
  auto action = session.next();
  ASSERT_TRUE(std::holds_alternative<ClientFinished>(action));
  EXPECT_EQ(std::get<ClientFinished>(action).result.recipients[0].reply.enhanced, "4.7.0");
}

TEST(ClientSession, AFailedHandshakeIsTemporary) {
  ClientSession session(config(TlsPolicy::kRequired));
  session.begin(transaction());
  for (const auto& text : {std::string("220 hi\r\n"), kEhlo, std::string("220 go\r\n")}) {
    session.feed(as_bytes(text));
    session.next();
  }
  session.tls_failed("certificate expired");
  EXPECT_EQ(outcomes(play(session, {})), "temporary (4.7.5 TLS failed: certificate expired)");
}

TEST(ClientSession, SeveralMessagesOnOneConnection) {
  ClientSession session(config());
  session.begin(transaction());
  auto first = play(session, {"220 hi\r\n", kEhlo, "250 a\r\n250 b\r\n354 c\r\n", "250 d\r\n"});
  EXPECT_TRUE(first.ready);
  session.begin(transaction());
  auto refused = play(session, {"250 a\r\n550 no\r\n554 none\r\n"});
  EXPECT_EQ(outcomes(refused), "permanent (550 no)");
  EXPECT_THAT(refused.said, Not(HasSubstr("RSET"))) << "the first came to its end";
  session.begin(transaction());
  auto third = play(session, {"250 reset\r\n250 a\r\n250 b\r\n354 c\r\n", "250 d\r\n"});
  EXPECT_THAT(third.said, testing::StartsWith("RSET\r\nMAIL"));
  EXPECT_EQ(outcomes(third), "delivered (250 d)");
  session.quit();
  auto end = play(session, {"221 bye\r\n"});
  EXPECT_EQ(end.said, "QUIT\r\n");
  EXPECT_TRUE(end.closed);
  session.begin(transaction());
  EXPECT_EQ(outcomes(play(session, {})), "temporary (4.4.2 the connection is closed)");
}

TEST(ClientSession, AServerThatDoesNotForgetTheLastMessageGetsNoOther) {
  ClientSession session(config());
  session.begin(transaction({"bob@y.org", "carol@y.org"}));
  EXPECT_TRUE(play(session, {"220 hi\r\n", kEhlo, "250 a\r\n250 b\r\n250 c\r\n451 later\r\n"}).ready);
  session.begin(transaction({"dan@y.org"}));
  const auto next = play(session, {"451 no\r\n250 a\r\n250 b\r\n354 c\r\n"});
  EXPECT_EQ(outcomes(next), "temporary (4.5.0 the server does not forget the last transaction)");
  EXPECT_THAT(next.said, Not(HasSubstr("<BODY>")));
  EXPECT_FALSE(next.ready);
}

TEST(ClientSession, ABodyThatCannotBeSentIsNotEnded) {
  const std::vector<std::pair<Code, std::string>> rows = {{Code::kInvalid, "permanent (5.6.0 bad)"},
                                                          {Code::kUnavailable, "temporary (4.3.0 bad)"}};
  for (const auto& [code, outcome] : rows) {
    ClientSession session(config());
    session.begin(transaction());
    for (const auto& text : {std::string("220 hi\r\n"), kEhlo, std::string("250 a\r\n250 b\r\n354 c\r\n")}) {
      session.feed(as_bytes(text));
      session.next();
    }
    session.take_output();
    session.body_failed({code, "bad", ""});
    const auto played = play(session, {});
    EXPECT_EQ(outcomes(played), outcome);
    EXPECT_EQ(played.said, "");
    EXPECT_TRUE(played.closed);
  }
}

// The server goes away after each of the bytes it would have said.
TEST(ClientSession, EarlyCloseAtEachByte) {
  const std::string full = "220 hi\r\n" + kEhlo + "250 a\r\n250 b\r\n354 c\r\n250 d\r\n";
  for (std::size_t length = 0; length <= full.size(); ++length) {
    std::vector<std::string> bytes;
    for (const char c : full.substr(0, length)) bytes.emplace_back(1, c);
    const auto played = play_one(config(), transaction(), bytes);
    ASSERT_TRUE(played.result) << length;
    const bool whole = length == full.size();
    EXPECT_EQ(played.result->recipients[0].outcome, whole ? Outcome::kDelivered : Outcome::kTemporary) << length;
    EXPECT_EQ(played.result->uncertain, !whole && length >= full.find("250 d")) << length;
  }
}

}  // namespace
}  // namespace bulla::smtp
