#include "net/smtp_client.h"

#include <gmock/gmock.h>

#include "net/smtp_server.h"
#include "net/test_support.h"

namespace bulla::net {
namespace {

using namespace test;
using smtp::answer;
using smtp::Answer;
using smtp::Outcome;
using smtp::TlsPolicy;
using testing::HasSubstr;

// Sink is a handler that keeps what it gets.
struct Sink {
  std::vector<std::pair<smtp::Envelope, std::string>> messages;
  std::size_t sessions = 0;

  class Handler final : public SmtpHandler {
   public:
    explicit Handler(Sink& sink) : sink_(sink) {}
    Task<smtp::Reply> recipient(smtp::Mailbox recipient) override {
      co_return answer(recipient.local == "nobody" ? Answer::kNoSuchUser : Answer::kRecipientOk);
    }
    Task<smtp::Reply> message(smtp::Envelope envelope, Secret body) override {
      sink_.messages.emplace_back(std::move(envelope), to_string(body.reveal()));
      co_return answer(Answer::kAccepted);
    }

   private:
    Sink& sink_;
  };
  SmtpHandlerFactory factory() {
    return [this](const SmtpPeer&) {
      ++sessions;
      return std::make_unique<Handler>(*this);
    };
  }
};

class SmtpClientTest : public testing::Test {
 protected:
  SmtpClientTest() {
    server_config_.session.host_name = "mx.example";
    client_config_.helo_name = "gw.example";
  }
  ~SmtpClientTest() override {
    client_.reset();
    server_.reset();
    loop_.stop();
    loop_.run();
  }

  void start_server() {
    server_.emplace(loop_, server_config_, sink_.factory());
    auto listening = server_->listen({"127.0.0.1", 0});
    ASSERT_TRUE(listening) << listening.error().text;
    target_.endpoint = *listening;
  }

  // Scripted starts a listener whose connections are handled by `script`, one after the other.
  using Script = std::function<Task<>(Peer)>;
  void start_script(Script script) {
    script_ = std::move(script);
    auto opened = Listener::open(loop_, {"127.0.0.1", 0});
    ASSERT_TRUE(opened) << opened.error().text;
    target_.endpoint = (*opened)->local();
    loop_.spawn("script", [](std::shared_ptr<Listener> listener, SmtpClientTest& test) -> Task<> {
      co_await listener->run([&](std::unique_ptr<Connection> connection) {
        ++test.script_connections_;
        test.loop_.spawn("peer", test.script_(Peer(std::move(connection))));
      });
    }(*opened, *this));
  }

  smtp::TransactionResult deliver(std::string body = "Subject: x\r\n\r\n.dot\r\n",
                                  std::vector<std::string> to = {"b@y.org"}) {
    return deliver(body_of(std::move(body)), std::move(to));
  }
  smtp::TransactionResult deliver(std::unique_ptr<BodySource> body, std::vector<std::string> to = {"b@y.org"}) {
    if (!client_) client_.emplace(loop_, client_config_);
    smtp::Transaction transaction;
    transaction.sender = smtp::Mailbox{"a", "x.org"};
    for (const auto& text : to) transaction.recipients.push_back(*smtp::parse_mailbox(text));
    return loop_.block_on(client_->deliver(target_, std::move(transaction), std::move(body)));
  }
  static std::string reply_of(const smtp::TransactionResult& result) { return result.recipients.at(0).reply.line(); }

  Loop loop_;
  SmtpServerConfig server_config_;
  SmtpClientConfig client_config_;
  SmtpTarget target_{{}, TlsPolicy::kNone, ""};
  Sink sink_;
  Script script_;
  std::size_t script_connections_ = 0;
  std::optional<SmtpServer> server_;
  std::optional<SmtpClient> client_;
};

TEST_F(SmtpClientTest, DeliversAndKeepsTheConnection) {
  start_server();
  for (int i = 0; i < 3; ++i) {
    const auto result = deliver("Subject: x\r\n\r\n.dot\r\n", {"b@y.org", "nobody@y.org"});
    ASSERT_EQ(result.recipients.size(), 2u);
    EXPECT_EQ(result.recipients[0].outcome, Outcome::kDelivered);
    EXPECT_EQ(result.recipients[1].outcome, Outcome::kPermanent);
    EXPECT_EQ(result.recipients[1].reply.line(), "550 5.1.1 No such recipient");
  }
  ASSERT_EQ(sink_.messages.size(), 3u);
  EXPECT_EQ(sink_.messages[2].second, "Subject: x\r\n\r\n.dot\r\n");
  EXPECT_EQ(sink_.messages[2].first.helo, "gw.example");
  EXPECT_EQ(sink_.sessions, 1u);
  loop_.block_on(client_->close());
  EXPECT_TRUE(loop_.block_on(eventually([this] { return server_->stats().open == 0; })));
}

TEST_F(SmtpClientTest, IdleConnectionsAreClosed) {
  client_config_.idle_timeout = 10;
  start_server();
  deliver();
  EXPECT_TRUE(loop_.block_on(eventually([this] { return server_->stats().open == 0; })));
  EXPECT_EQ(deliver().recipients[0].outcome, Outcome::kDelivered);
  EXPECT_EQ(sink_.sessions, 2u);
}

TEST_F(SmtpClientTest, AConnectionIsUsedForSoManyMessagesOnly) {
  client_config_.max_per_connection = 2;
  start_server();
  for (int i = 0; i < 4; ++i) deliver();
  EXPECT_EQ(sink_.sessions, 2u);
}

TEST_F(SmtpClientTest, SeveralAtOnceUseSeveralConnections) {
  start_server();
  client_.emplace(loop_, client_config_);
  TaskGroup group(loop_);
  int delivered = 0;
  auto one = [](SmtpClient& client, SmtpTarget target, int& count) -> Task<> {
    smtp::Transaction transaction{smtp::Mailbox{"a", "x.org"}, {{"b", "y.org"}}, 0, false};
    const auto result =
        co_await client.deliver(std::move(target), std::move(transaction), body_of(std::string("x\r\n")));
    count += result.recipients[0].outcome == Outcome::kDelivered;
  };
  for (int i = 0; i < 20; ++i) group.spawn("deliver", one(*client_, target_, delivered));
  EXPECT_TRUE(loop_.block_on(group.wait_empty(kPatience)));
  EXPECT_EQ(delivered, 20);
}

// A kept connection that the server has closed meanwhile costs nothing but a new one.
TEST_F(SmtpClientTest, AStaleConnectionIsReplaced) {
  start_server();
  deliver();
  auto drain_and_restart = [this]() -> Task<> { co_await server_->drain(kPatience); };
  loop_.block_on(drain_and_restart());
  const Endpoint endpoint = target_.endpoint;
  server_.emplace(loop_, server_config_, sink_.factory());
  ASSERT_TRUE(server_->listen(endpoint));
  const auto result = deliver();
  EXPECT_EQ(result.recipients[0].outcome, Outcome::kDelivered) << reply_of(result);
  EXPECT_EQ(sink_.messages.size(), 2u);
}

class Pieces final : public BodySource {
 public:
  Pieces(std::vector<std::string> pieces, std::optional<Error> error)
      : pieces_(std::move(pieces)), error_(std::move(error)) {}
  Awaiting<ByteView> next() override {
    co_await sleep(0);
    if (at_ < pieces_.size()) co_return as_bytes(pieces_[at_++]);
    if (error_) co_return fail(*error_);
    co_return ByteView();
  }

 private:
  std::vector<std::string> pieces_;
  std::optional<Error> error_;
  std::size_t at_ = 0;
};

TEST_F(SmtpClientTest, ALargeMessageInPieces) {
  start_server();
  std::vector<std::string> pieces;
  std::string whole;
  for (int i = 0; i < 3000; ++i) {
    pieces.push_back(std::string(static_cast<std::size_t>(i % 997), 'x') + (i % 3 == 0 ? ".\r\n." : "\r\n"));
    whole += pieces.back();
  }
  pieces.push_back("\r\n");
  whole += "\r\n";
  const auto result = deliver(std::make_unique<Pieces>(pieces, std::nullopt));
  EXPECT_EQ(result.recipients[0].outcome, Outcome::kDelivered);
  ASSERT_EQ(sink_.messages.size(), 1u);
  EXPECT_TRUE(sink_.messages[0].second == whole);
}

TEST_F(SmtpClientTest, ABodyThatBreaksOffIsNotDelivered) {
  start_server();
  const auto failed = deliver(std::make_unique<Pieces>(std::vector<std::string>{"Subject: x\r\n\r\n", "half"},
                                                       Error{Code::kUnavailable, "disk", ""}));
  EXPECT_EQ(failed.recipients[0].outcome, Outcome::kTemporary);
  EXPECT_EQ(reply_of(failed), "4.3.0 disk");
  const auto bare = deliver("Subject: x\r\n\r\nsmuggled\n.\r\nMAIL FROM:<evil@x.org>\r\n");
  EXPECT_EQ(bare.recipients[0].outcome, Outcome::kPermanent);
  EXPECT_EQ(bare.recipients[0].reply.enhanced, "5.6.0");
  EXPECT_TRUE(loop_.block_on(eventually([this] { return server_->stats().open == 0; })));
  EXPECT_TRUE(sink_.messages.empty());
}

TEST_F(SmtpClientTest, NobodyListens) {
  start_server();
  server_.reset();
  loop_.block_on(sleep(1));
  const auto result = deliver("x\r\n", {"b@y.org", "c@y.org"});
  ASSERT_EQ(result.recipients.size(), 2u);
  for (const auto& one : result.recipients) {
    EXPECT_EQ(one.outcome, Outcome::kTemporary);
    EXPECT_EQ(one.reply.code, 0);
    EXPECT_THAT(one.reply.text, HasSubstr("connecting to " + target_.endpoint.text()));
  }
  EXPECT_FALSE(result.uncertain);
}

TEST_F(SmtpClientTest, ANameThatDoesNotExist) {
  target_.endpoint = {"no-such-host.invalid", 25};
  const auto result = deliver();
  EXPECT_EQ(result.recipients[0].outcome, Outcome::kTemporary);
  EXPECT_THAT(reply_of(result), HasSubstr("looking up no-such-host.invalid"));
}

TEST_F(SmtpClientTest, ASilentServerIsGivenUp) {
  client_config_.greeting_timeout = 20;
  client_config_.reply_timeout = 20;
  client_config_.data_end_timeout = 20;
  int connections = 0;
  start_script([&](Peer peer) -> Task<> {
    const int which = ++connections;
    if (which == 1) co_return co_await sleep(kHour);
    co_await peer.send("220 hi\r\n");
    co_await peer.read_until("\r\n");
    if (which == 2) co_return co_await sleep(kHour);
    co_await peer.send("250 mx\r\n");
    for (const std::string reply : {"250 a\r\n", "250 b\r\n", "354 c\r\n"}) {
      co_await peer.read_until("\r\n");
      co_await peer.send(reply);
    }
    co_await peer.read_until("\r\n.\r\n");
    co_await sleep(kHour);
  });
  const auto greeting = deliver();
  EXPECT_EQ(reply_of(greeting), "4.4.2 reading: timed out");
  EXPECT_FALSE(greeting.uncertain);
  EXPECT_EQ(reply_of(deliver()), "4.4.2 reading: timed out");
  const auto end = deliver();
  EXPECT_EQ(end.recipients[0].outcome, Outcome::kTemporary);
  EXPECT_TRUE(end.uncertain);
}

// Three servers: one does not answer DATA, one does not read the message, one does not begin TLS.
TEST_F(SmtpClientTest, AServerThatStopsInTheMiddleIsGivenUp) {
  client_config_.data_start_timeout = 100;
  client_config_.data_block_timeout = 100;
  client_config_.handshake_timeout = 100;
  int connections = 0;
  start_script([&](Peer peer) -> Task<> {
    const int which = ++connections;
    co_await peer.send("220 hi\r\n");
    co_await peer.read_until("\r\n");
    co_await peer.send(which == 3 ? "250-mx\r\n250 STARTTLS\r\n" : "250 mx\r\n");
    co_await peer.read_until("\r\n");
    if (which == 3) co_await peer.send("220 go\r\n");
    if (which == 3) co_return co_await sleep(kHour);
    co_await peer.send("250 a\r\n");
    co_await peer.read_until("\r\n");
    co_await peer.send("250 b\r\n");
    co_await peer.read_until("\r\n");
    if (which == 2) co_await peer.send("354 c\r\n");
    co_await sleep(kHour);
  });
  EXPECT_EQ(reply_of(deliver()), "4.4.2 reading: timed out");
  const auto unread = deliver(std::string(50 << 20, 'x'));
  EXPECT_EQ(reply_of(unread), "4.4.2 writing: timed out");
  EXPECT_FALSE(unread.uncertain) << "its end was never said";
  target_.tls = TlsPolicy::kRequired;
  const Certificate certificate;
  client_config_.verified_tls = certificate.trust();
  client_.reset();
  EXPECT_EQ(reply_of(deliver()), "4.7.5 TLS failed: TLS handshake: timed out");
}

TEST_F(SmtpClientTest, TlsPolicies) {
  const Certificate ours;
  const Certificate theirs;
  struct Row {
    const char* title;
    TlsPolicy policy;
    bool server_has_tls;
    bool trusted;
    std::string name;  // that the certificate must be for
    std::string outcome;
    bool tls;
  } rows[] = {
      {"none", TlsPolicy::kNone, true, true, "", "250", false},
      {"opportunistic, offered", TlsPolicy::kOpportunistic, true, true, "", "250", true},
      {"opportunistic, stranger's certificate", TlsPolicy::kOpportunistic, true, false, "", "250", true},
      {"opportunistic, not offered", TlsPolicy::kOpportunistic, false, true, "", "250", false},
      {"required, trusted by address", TlsPolicy::kRequired, true, true, "", "250", true},
      {"required, trusted by name", TlsPolicy::kRequired, true, true, "localhost", "250", true},
      {"required, another name", TlsPolicy::kRequired, true, true, "mx.example", "4.7.5", false},
      {"required, stranger's certificate", TlsPolicy::kRequired, true, false, "localhost", "4.7.5", false},
      {"required, not offered", TlsPolicy::kRequired, false, true, "localhost", "4.7.4", false},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.title);
    server_config_.tls = row.server_has_tls ? ours.server() : nullptr;
    client_config_.verified_tls = row.trusted ? ours.trust() : theirs.trust();
    client_.reset();
    start_server();
    target_.tls = row.policy;
    target_.tls_name = row.name;
    sink_.messages.clear();
    const auto result = deliver();
    EXPECT_TRUE(reply_of(result).starts_with(row.outcome)) << reply_of(result);
    EXPECT_EQ(sink_.messages.size(), row.outcome == "250" ? 1u : 0u);
    EXPECT_EQ(result.tls, row.tls);
    if (!sink_.messages.empty()) EXPECT_EQ(sink_.messages[0].first.tls, row.tls);
  }
}

TEST_F(SmtpClientTest, RequiredTlsWithoutAuthoritiesFails) {
  start_server();
  target_.tls = TlsPolicy::kRequired;
  EXPECT_THAT(reply_of(deliver()), HasSubstr("no authorities"));
}

// Opportunistic: a server whose TLS is broken gets the mail in clear, on a second connection.
TEST_F(SmtpClientTest, BrokenTlsFallsBackToClear) {
  std::vector<std::string> seen;
  start_script([&](Peer peer) -> Task<> {
    co_await peer.send("220 hi\r\n");
    seen.push_back(co_await peer.read_until("\r\n"));
    co_await peer.send("250-mx\r\n250 STARTTLS\r\n");
    seen.push_back(co_await peer.read_until("\r\n"));
    if (seen.back() == "STARTTLS\r\n") {
      co_await peer.send("220 go\r\n");
      co_await peer.read_until("\x16");  // the client's handshake has begun
      co_await peer.send("but this is no handshake\r\n");
      co_return;
    }
    co_await peer.send("250 a\r\n");
    for (const std::string reply : {"250 b\r\n", "354 c\r\n"}) {
      co_await peer.read_until("\r\n");
      co_await peer.send(reply);
    }
    co_await peer.read_until("\r\n.\r\n");
    co_await peer.send("250 d\r\n");
    co_await peer.read_until("QUIT\r\n");
  });
  target_.tls = TlsPolicy::kOpportunistic;
  const auto result = deliver();
  EXPECT_EQ(result.recipients[0].outcome, Outcome::kDelivered) << reply_of(result);
  EXPECT_FALSE(result.tls);
  EXPECT_EQ(script_connections_, 2u);
  client_.reset();
  client_config_.verified_tls = Certificate().trust();
  target_.tls = TlsPolicy::kRequired;
  const auto required = deliver();
  EXPECT_EQ(required.recipients[0].outcome, Outcome::kTemporary);
  EXPECT_EQ(script_connections_, 3u);
}

TEST_F(SmtpClientTest, ReplyPutInBehindStartTlsIsRefused) {
  start_script([&](Peer peer) -> Task<> {
    co_await peer.send("220 hi\r\n");
    co_await peer.read_until("\r\n");
    co_await peer.send("250-mx\r\n250 STARTTLS\r\n");
    co_await peer.read_until("\r\n");
    co_await peer.send("220 go\r\n250 evil\r\n");
    co_await peer.read_all();
  });
  client_config_.verified_tls = Certificate().trust();
  target_.tls = TlsPolicy::kRequired;
  EXPECT_EQ(reply_of(deliver()), "4.7.0 the server sent data behind its answer to STARTTLS");
}

TEST_F(SmtpClientTest, EarlyCloseAtEachByteOfTheServer) {
  const std::string said = "220 hi\r\n250-mx\r\n250 PIPELINING\r\n250 a\r\n250 b\r\n354 c\r\n250 d\r\n";
  std::size_t length = 0;
  start_script([&](Peer peer) -> Task<> {
    const std::string part = said.substr(0, length);
    std::size_t at = 0;
    for (const std::size_t stop : {said.find("250-mx"), said.find("250 a"), said.find("250 d"), said.size()}) {
      if (at >= part.size()) co_return;
      co_await peer.send(part.substr(at, stop - at));
      at = stop;
      // What the client says now: EHLO; MAIL, RCPT and DATA; the message.
      if (at < part.size())
        co_await peer.read_until(stop == said.find("250 a")   ? "DATA\r\n"
                                 : stop == said.find("250 d") ? "\r\n.\r\n"
                                                              : "\r\n");
    }
  });
  client_config_.max_idle = 0;
  for (; length <= said.size(); ++length) {
    const auto result = deliver();
    const bool whole = length == said.size();
    EXPECT_EQ(result.recipients[0].outcome, whole ? Outcome::kDelivered : Outcome::kTemporary)
        << length << reply_of(result);
  }
}

}  // namespace
}  // namespace bulla::net
