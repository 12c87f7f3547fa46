#include "net/smtp_server.h"

#include <gmock/gmock.h>

#include <map>

#include "net/test_support.h"

namespace bulla::net {
namespace {

using namespace test;
using smtp::Answer;
using smtp::answer;
using testing::HasSubstr;
using testing::StartsWith;

struct Received {
  smtp::Envelope envelope;
  std::string body;
};

// What the handlers have seen, and how they are to behave.
struct Records {
  std::vector<Received> messages;
  std::vector<std::string> ends;
  std::vector<std::string> peers;
  bool throw_in_message = false;
  Event* hold = nullptr;  // message() waits for it
};

class Handler final : public SmtpHandler {
 public:
  explicit Handler(Records& records) : records_(records) {}
  Task<smtp::Reply> recipient(smtp::Mailbox recipient) override {
    co_return answer(recipient.local == "nobody" ? Answer::kNoSuchUser : Answer::kRecipientOk);
  }
  Task<smtp::Reply> message(smtp::Envelope envelope, Secret body) override {
    if (records_.hold) co_await records_.hold->wait(kPatience);
    if (records_.throw_in_message) throw std::runtime_error("disk on fire");
    records_.messages.push_back({std::move(envelope), to_string(body.reveal())});
    co_return answer(Answer::kAccepted);
  }
  void ended(std::string_view why) override { records_.ends.emplace_back(why); }

 private:
  Records& records_;
};

class SmtpServerTest : public testing::Test {
 protected:
  SmtpServerTest() { config_.session.host_name = "gateway.example"; }

  // start listens on a port of its own; the server stands until the test ends.
  void start() {
    server_.emplace(loop_, config_, [this](const SmtpPeer& peer) {
      records_.peers.push_back(peer.address);
      return std::make_unique<Handler>(records_);
    });
    auto listening = server_->listen({"127.0.0.1", 0});
    ASSERT_TRUE(listening) << listening.error().text;
    endpoint_ = *listening;
  }
  Task<Peer> greeted(std::string hello = "EHLO client.example") {
    Peer peer = co_await Peer::connect_to(endpoint_);
    co_await peer.reply();
    co_await peer.ask(hello);
    co_return peer;
  }
  ~SmtpServerTest() override {
    server_.reset();
    loop_.stop();
    loop_.run();
  }

  std::string reported_;
  Loop loop_{[this](std::string_view, std::string_view text) { reported_ = text; }};
  Workers workers_{2};
  SmtpServerConfig config_;
  Records records_;
  std::optional<SmtpServer> server_;
  Endpoint endpoint_;
};

Task<std::string> send_message(Peer& peer, std::string body) {
  co_await peer.ask("MAIL FROM:<a@example.org>");
  co_await peer.ask("RCPT TO:<b@example.org>");
  co_await peer.ask("DATA");
  co_await peer.send(body + "\r\n.\r\n");
  co_return co_await peer.reply();
}

TEST_F(SmtpServerTest, AMessageArrives) {
  start();
  auto run = [this]() -> Task<> {
    Peer peer = co_await Peer::connect_to(endpoint_);
    EXPECT_EQ(co_await peer.reply(), "220 gateway.example ESMTP ready\r\n");
    const auto hello = co_await peer.ask("EHLO client.example");
    EXPECT_THAT(hello, Not(HasSubstr("STARTTLS")));
    EXPECT_EQ(co_await send_message(peer, "Subject: x\r\n\r\n..dot\r\n.dot"), "250 2.0.0 Message accepted\r\n");
    EXPECT_EQ(co_await peer.ask("QUIT"), "221 2.0.0 Bye\r\n");
    EXPECT_EQ(co_await peer.read_all(), "");
  };
  loop_.block_on(run());
  ASSERT_EQ(records_.messages.size(), 1u);
  EXPECT_EQ(records_.messages[0].body, "Subject: x\r\n\r\n.dot\r\ndot\r\n");
  EXPECT_EQ(records_.messages[0].envelope.recipients, (std::vector<smtp::Mailbox>{{"b", "example.org"}}));
  EXPECT_FALSE(records_.messages[0].envelope.tls);
  EXPECT_EQ(records_.peers, std::vector<std::string>{"127.0.0.1"});
  EXPECT_TRUE(loop_.block_on(eventually([this] { return records_.ends == std::vector<std::string>{"quit"}; })));
  EXPECT_EQ(server_->stats().messages, 1u);
  EXPECT_EQ(server_->stats().memory, 0u);
}

TEST_F(SmtpServerTest, ALargeMessageKeepsItsBytes) {
  start();
  std::string body;
  for (int i = 0; body.size() < 5'000'000; ++i) body += ".line " + std::to_string(i) + "\r\n";
  std::string stuffed;
  for (const char c : body) {
    if (c == '.' && (stuffed.empty() || stuffed.back() == '\n')) stuffed += '.';
    stuffed += c;
  }
  auto run = [&]() -> Task<> {
    Peer peer = co_await greeted();
    stuffed.resize(stuffed.size() - 2);
    EXPECT_THAT(co_await send_message(peer, stuffed), StartsWith("250"));
  };
  loop_.block_on(run());
  ASSERT_EQ(records_.messages.size(), 1u);
  EXPECT_TRUE(records_.messages[0].body == body);
}

TEST_F(SmtpServerTest, SwaksWithPipelining) {
  start();
  const std::string command = "swaks --server " + endpoint_.text() +
                              " --pipeline --from a@example.org --to b@example.org,c@example.org --body 'from swaks'";
  auto run = [&]() -> Task<> {
    auto swaks = co_await workers_.run([&] { return run_program(command); });
    EXPECT_EQ(swaks.status, 0) << swaks.output;
  };
  loop_.block_on(run());
  ASSERT_EQ(records_.messages.size(), 1u);
  EXPECT_EQ(records_.messages[0].envelope.recipients.size(), 2u);
  EXPECT_THAT(records_.messages[0].body, HasSubstr("from swaks"));
}

TEST_F(SmtpServerTest, SmtplibOverTls) {
  const Certificate certificate;
  config_.tls = certificate.server();
  config_.session.require_tls = true;
  start();
  const std::string port = std::to_string(endpoint_.port);
  const std::string script =
      "import smtplib, ssl\n"
      "s = smtplib.SMTP('127.0.0.1', " +
      port +
      ", timeout=20)\n"
      "s.starttls(context=ssl.create_default_context(cafile='" +
      certificate.certificate() +
      "'))\n"
      "for i in range(3): s.sendmail('a@example.org', ['b@example.org', 'nobody@example.org'], b'Subject: "
      "%d\\r\\n\\r\\nfrom smtplib\\r\\n.\\r\\n' % i)\n"
      "print(s.quit())\n";
  const TempDir dir;
  const auto file = dir.write("send.py", script);
  auto run = [&]() -> Task<> {
    auto python = co_await workers_.run([&] { return run_program("python3 " + file); });
    EXPECT_EQ(python.status, 0) << python.output;
  };
  loop_.block_on(run());
  ASSERT_EQ(records_.messages.size(), 3u);
  EXPECT_TRUE(records_.messages[0].envelope.tls);
  EXPECT_EQ(records_.messages[0].envelope.recipients.size(), 1u);
  EXPECT_EQ(records_.messages[2].body, "Subject: 2\r\n\r\nfrom smtplib\r\n.\r\n");
}

TEST_F(SmtpServerTest, CommandsBehindStartTlsAreNotHeard) {
  const Certificate certificate;
  config_.tls = certificate.server();
  start();
  auto run = [&]() -> Task<> {
    Peer peer = co_await greeted();
    co_await peer.send("STARTTLS\r\nMAIL FROM:<evil@example.org>\r\nRCPT TO:<b@example.org>\r\n");
    EXPECT_EQ(co_await peer.reply(), "220 2.0.0 Ready to start TLS\r\n");
    const auto started = co_await peer.connection().connect_tls(certificate.trust(), "localhost", kPatience);
    EXPECT_TRUE(started) << started.error().text;
    EXPECT_THAT(co_await peer.ask("RCPT TO:<b@example.org>"), StartsWith("503"));
    EXPECT_THAT(co_await peer.ask("MAIL FROM:<a@example.org>"), StartsWith("503")) << "EHLO is to be said again";
    EXPECT_THAT(co_await peer.ask("EHLO again.example"), Not(HasSubstr("STARTTLS")));
    EXPECT_THAT(co_await send_message(peer, "x"), StartsWith("250"));
  };
  loop_.block_on(run());
  ASSERT_EQ(records_.messages.size(), 1u);
  EXPECT_EQ(records_.messages[0].envelope.mail.sender->local, "a");
}

TEST_F(SmtpServerTest, AFailedHandshakeEndsTheSession) {
  const Certificate certificate;
  config_.tls = certificate.server();
  start();
  auto run = [&]() -> Task<> {
    Peer peer = co_await greeted();
    co_await peer.ask("STARTTLS");
    co_await peer.send("this is no handshake, MAIL FROM:<a@example.org>\r\n");
    co_await peer.read_all();
    EXPECT_TRUE(co_await eventually([this] { return records_.ends.size() == 1; }));
  };
  loop_.block_on(run());
  EXPECT_EQ(records_.ends[0], "TLS handshake failed");
}

TEST_F(SmtpServerTest, ATimedOutClientIsTold) {
  config_.command_timeout = 30;
  config_.data_timeout = 30;
  start();
  auto run = [&]() -> Task<> {
    Peer idle = co_await greeted();
    EXPECT_EQ(co_await idle.read_all(), "421 4.4.2 Timed out\r\n");
    Peer half = co_await greeted();
    co_await half.send("MAIL FROM:<a@exa");
    EXPECT_EQ(co_await half.read_all(), "421 4.4.2 Timed out\r\n");
    Peer body = co_await greeted();
    co_await body.ask("MAIL FROM:<a@example.org>");
    co_await body.ask("RCPT TO:<b@example.org>");
    co_await body.ask("DATA");
    co_await body.send("Subject: never");
    EXPECT_EQ(co_await body.read_all(), "421 4.4.2 Timed out\r\n");
  };
  loop_.block_on(run());
  EXPECT_TRUE(records_.messages.empty());
}

// A client that sends a byte from time to time gets no more time for its command than any other.
TEST_F(SmtpServerTest, ATricklingClientIsTold) {
  config_.command_timeout = 200;
  start();
  auto run = [&]() -> Task<> {
    Peer peer = co_await greeted();
    bool sent = true;
    for (int i = 0; sent && server_->stats().open > 0 && i < 10'000; ++i) {
      sent = co_await peer.send("N");
      co_await sleep(5);
    }
    EXPECT_TRUE(co_await eventually([this] { return !records_.ends.empty(); }));
  };
  loop_.block_on(run());
  EXPECT_EQ(records_.ends, std::vector<std::string>{"timeout"});
}

// Replies that nobody reads fill what the system takes in advance (a few MB). Then no more commands are read.
TEST_F(SmtpServerTest, AClientThatReadsNoRepliesIsSentAway) {
  config_.data_timeout = 200;
  config_.session.max_commands = 1'000'000'000;
  start();
  std::string commands;
  while (commands.size() < 60'000) commands += "NOOP\r\n";
  auto run = [&]() -> Task<> {
    Peer peer = co_await Peer::connect_to(endpoint_);
    std::size_t sent = 0;
    while (records_.ends.empty() && sent < 200u << 20 && co_await peer.send(commands)) sent += commands.size();
    EXPECT_LT(sent, 100u << 20);
    EXPECT_TRUE(co_await eventually([this] { return records_.ends.size() == 1; }));
  };
  loop_.block_on(run());
  EXPECT_EQ(records_.ends, std::vector<std::string>{"timeout"});
}

TEST_F(SmtpServerTest, AClientThatReadsNoRepliesHasSoManyCommands) {
  start();
  std::string commands;
  for (int i = 0; i < 100'000; ++i) commands += "NOOP\r\n";
  auto run = [&]() -> Task<> {
    Peer peer = co_await Peer::connect_to(endpoint_);
    co_await peer.send(commands);
    EXPECT_TRUE(co_await eventually([this] { return records_.ends.size() == 1; }));
    const auto heard = co_await peer.read_all();
    EXPECT_THAT(heard, testing::EndsWith("421 4.7.0 Too many commands in one session\r\n"));
    EXPECT_LT(heard.size(), 200'000u);
  };
  loop_.block_on(run());
}

// One that keeps sending has no end of data_timeout; a message and a session have one all the same.
TEST_F(SmtpServerTest, AMessageWithoutEndIsBrokenOff) {
  config_.message_timeout = 200;
  start();
  auto run = [&]() -> Task<> {
    Peer peer = co_await greeted();
    co_await peer.ask("MAIL FROM:<a@example.org>");
    co_await peer.ask("RCPT TO:<b@example.org>");
    co_await peer.ask("DATA");
    for (int i = 0; records_.ends.empty() && i < 10'000; ++i) {
      if (!co_await peer.send("another line\r\n")) break;
      co_await sleep(5);
    }
    EXPECT_TRUE(co_await eventually([this] { return records_.ends.size() == 1; }));
  };
  loop_.block_on(run());
  EXPECT_EQ(records_.ends, std::vector<std::string>{"timeout"});
  EXPECT_EQ(server_->stats().memory, 0u);
  EXPECT_TRUE(records_.messages.empty());
}

TEST_F(SmtpServerTest, ASessionWithoutEndIsBrokenOff) {
  config_.session_timeout = 200;
  start();
  auto run = [&]() -> Task<> {
    Peer peer = co_await greeted();
    std::string said;
    for (int i = 0; !said.starts_with("421") && i < 10'000; ++i) {
      said = co_await peer.ask("NOOP");
      co_await sleep(5);
    }
    EXPECT_EQ(said, "421 4.4.2 Timed out\r\n");
    EXPECT_EQ(co_await peer.read_all(), "");
  };
  loop_.block_on(run());
  EXPECT_TRUE(loop_.block_on(eventually([this] { return records_.ends == std::vector<std::string>{"timeout"}; })));
}

TEST_F(SmtpServerTest, AHandshakeThatDoesNotBeginIsBrokenOff) {
  const Certificate certificate;
  config_.tls = certificate.server();
  config_.handshake_timeout = 50;
  start();
  auto run = [&]() -> Task<> {
    Peer peer = co_await greeted();
    EXPECT_THAT(co_await peer.ask("STARTTLS"), StartsWith("220"));
    co_await peer.send("\x16\x03\x01\x02");
    EXPECT_TRUE(co_await eventually([this] { return records_.ends.size() == 1; }));
  };
  loop_.block_on(run());
  EXPECT_EQ(records_.ends, std::vector<std::string>{"TLS handshake failed"});
}

TEST_F(SmtpServerTest, EarlyCloseAtEachByteLosesNothingElse) {
  start();
  const std::string dialogue =
      "EHLO c\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.org>\r\nDATA\r\nSubject: x\r\n\r\nbody\r\n.\r\n";
  auto run = [&]() -> Task<> {
    for (std::size_t length = 0; length < dialogue.size(); ++length) {
      Peer peer = co_await Peer::connect_to(endpoint_);
      co_await peer.send(dialogue.substr(0, length));
      peer.abort();
    }
    EXPECT_TRUE(co_await eventually([&] { return records_.ends.size() == dialogue.size(); }));
    EXPECT_TRUE(records_.messages.empty());
    Peer peer = co_await greeted();
    EXPECT_THAT(co_await send_message(peer, "still here"), StartsWith("250"));
  };
  loop_.block_on(run());
  EXPECT_EQ(server_->stats().memory, 0u);
}

TEST_F(SmtpServerTest, PipelinedGarbageEndsSoon) {
  start();
  auto run = [&]() -> Task<> {
    Peer peer = co_await Peer::connect_to(endpoint_);
    std::string garbage;
    for (int i = 0; i < 1000; ++i) garbage += "XYZZY " + std::to_string(i) + "\r\n";
    co_await peer.send(garbage);
    const auto heard = co_await peer.read_all();
    EXPECT_THAT(heard, HasSubstr("421 4.7.0 Too many errors\r\n"));
    EXPECT_LT(heard.size(), 2000u);
  };
  loop_.block_on(run());
}

TEST_F(SmtpServerTest, ConnectionsBeyondTheLimitAreTurnedAway) {
  config_.max_connections = 3;
  config_.max_per_address = 2;
  start();
  auto run = [&]() -> Task<> {
    Peer first = co_await greeted();
    Peer second = co_await greeted();
    Peer third = co_await Peer::connect_to(endpoint_);
    EXPECT_EQ(co_await third.read_all(), "421 4.7.0 Too many connections, try again later\r\n");
    EXPECT_THAT(co_await send_message(first, "x"), StartsWith("250")) << "the others are served meanwhile";
    co_await second.ask("QUIT");
    second.abort();
    EXPECT_TRUE(co_await eventually([this] { return server_->stats().open == 1; }));
    Peer fourth = co_await greeted();
    EXPECT_THAT(co_await send_message(fourth, "x"), StartsWith("250"));
  };
  loop_.block_on(run());
  EXPECT_EQ(server_->stats().turned_away, 1u);
}

TEST_F(SmtpServerTest, MemoryIsBoundedAndGivenBack) {
  config_.max_memory = 100'000;
  start();
  auto run = [&]() -> Task<> {
    Event go(loop_);
    records_.hold = &go;
    Peer first = co_await greeted();
    co_await first.ask("MAIL FROM:<a@example.org>");
    co_await first.ask("RCPT TO:<b@example.org>");
    co_await first.ask("DATA");
    std::string big;
    for (int i = 0; i < 700; ++i) big += std::string(98, 'x') + "\r\n";
    co_await first.send(big + ".\r\n");
    EXPECT_TRUE(co_await eventually([this] { return server_->stats().memory >= 70'000; }));
    Peer second = co_await greeted();
    EXPECT_EQ(co_await send_message(second, big), "452 4.3.1 Not enough room for the message now, try again later\r\n");
    Peer third = co_await greeted();
    co_await third.ask("MAIL FROM:<a@example.org> SIZE=90000");
    co_await third.ask("RCPT TO:<b@example.org>");
    co_await third.ask("DATA");
    co_await third.send("small after all\r\n.\r\n");
    EXPECT_THAT(co_await third.reply(), StartsWith("452"));
    records_.hold = nullptr;
    go.set();
    EXPECT_THAT(co_await first.reply(), StartsWith("250"));
    EXPECT_THAT(co_await send_message(second, big), StartsWith("250"));
  };
  loop_.block_on(run());
  EXPECT_EQ(server_->stats().memory, 0u);
  EXPECT_EQ(server_->stats().messages, 2u);
}

TEST_F(SmtpServerTest, MemoryIsBoundedForThoseWhoSendAtOnce) {
  config_.max_memory = 100'000;
  start();
  auto run = [&]() -> Task<> {
    Peer first = co_await greeted();
    Peer second = co_await greeted();
    // There is room for each of them when they begin.
    for (Peer* peer : {&first, &second}) {
      co_await peer->ask("MAIL FROM:<a@example.org>");
      co_await peer->ask("RCPT TO:<b@example.org>");
      EXPECT_THAT(co_await peer->ask("DATA"), StartsWith("354"));
    }
    std::string big;
    for (int i = 0; i < 700; ++i) big += std::string(98, 'x') + "\r\n";
    co_await first.send(big);
    EXPECT_TRUE(co_await eventually([this] { return server_->stats().memory >= 60'000; }));
    co_await second.send(big + ".\r\n");
    EXPECT_THAT(co_await second.reply(), StartsWith("452"));
    co_await first.send(".\r\n");
    EXPECT_THAT(co_await first.reply(), StartsWith("250"));
  };
  loop_.block_on(run());
  EXPECT_EQ(server_->stats().memory, 0u);
  EXPECT_EQ(server_->stats().messages, 1u);
}

TEST_F(SmtpServerTest, OversizedIsRefusedAndTheSessionGoesOn) {
  config_.session.max_message = 1000;
  start();
  auto run = [&]() -> Task<> {
    Peer peer = co_await greeted();
    std::string big;
    while (big.size() < 300'000) big += "0123456789\r\n";
    EXPECT_EQ(co_await send_message(peer, big), "552 5.3.4 Message is too big\r\n");
    EXPECT_THAT(co_await peer.ask("MAIL FROM:<a@example.org> SIZE=1001"), StartsWith("552 5.3.4"));
    EXPECT_THAT(co_await send_message(peer, "small"), StartsWith("250"));
  };
  loop_.block_on(run());
  ASSERT_EQ(records_.messages.size(), 1u);
  EXPECT_EQ(records_.messages[0].body, "small\r\n");
}

TEST_F(SmtpServerTest, AThrowingHandlerIsATemporaryFailure) {
  records_.throw_in_message = true;
  start();
  auto run = [&]() -> Task<> {
    Peer peer = co_await greeted();
    EXPECT_EQ(co_await send_message(peer, "x"), "451 4.3.0 Local error, try again later\r\n");
    records_.throw_in_message = false;
    EXPECT_THAT(co_await send_message(peer, "x"), StartsWith("250"));
  };
  loop_.block_on(run());
  EXPECT_EQ(reported_, "disk on fire");
}

TEST_F(SmtpServerTest, DrainEndsIdleSessionsAndLetsMessagesFinish) {
  start();
  auto run = [&]() -> Task<> {
    Event go(loop_);
    records_.hold = &go;
    Peer idle = co_await greeted();
    Peer busy = co_await greeted();
    co_await busy.ask("MAIL FROM:<a@example.org>");
    co_await busy.ask("RCPT TO:<b@example.org>");
    co_await busy.ask("DATA");
    co_await busy.send("x\r\n.\r\n");
    co_await eventually([this] { return server_->stats().memory > 0; });
    bool drained = false;
    auto drain = [](SmtpServer& server, bool& done) -> Task<> { done = co_await server.drain(kPatience); };
    loop_.spawn("drain", drain(*server_, drained));
    EXPECT_THAT(co_await idle.read_all(), StartsWith("421 4.3.2"));
    EXPECT_FALSE(drained);
    go.set();
    EXPECT_THAT(co_await busy.reply(), StartsWith("250"));
    EXPECT_THAT(co_await busy.read_all(), StartsWith("421 4.3.2"));
    idle.abort();
    busy.abort();
    EXPECT_TRUE(co_await eventually([&] { return drained; }));
    const auto again = co_await connect(endpoint_, kPatience);
    EXPECT_FALSE(again);
  };
  loop_.block_on(run());
}

TEST_F(SmtpServerTest, DrainCancelsWhatDoesNotEnd) {
  start();
  auto run = [&]() -> Task<> {
    Event never(loop_);
    records_.hold = &never;
    Peer busy = co_await greeted();
    co_await busy.ask("MAIL FROM:<a@example.org>");
    co_await busy.ask("RCPT TO:<b@example.org>");
    co_await busy.ask("DATA");
    co_await busy.send("x\r\n.\r\n");
    co_await eventually([this] { return server_->stats().memory > 0; });
    EXPECT_FALSE(co_await server_->drain(10));
    EXPECT_EQ(co_await busy.read_all(), "") << "no reply: the client keeps its message";
  };
  loop_.block_on(run());
  EXPECT_EQ(records_.ends, std::vector<std::string>{"cancelled"});
  EXPECT_EQ(server_->stats().memory, 0u);
}

TEST_F(SmtpServerTest, ListeningTwiceOnAPortFails) {
  start();
  const auto again = server_->listen(endpoint_);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, Code::kUnavailable);
  EXPECT_THAT(again.error().text, HasSubstr(endpoint_.text()));
}

}  // namespace
}  // namespace bulla::net
