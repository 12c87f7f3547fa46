#include "net/tls.h"

#include <gmock/gmock.h>

#include "net/test_support.h"

namespace bulla::net {
namespace {

using namespace test;
using testing::HasSubstr;

// EchoServer takes one TLS connection after the other and says the certificate's turn.
class TlsTest : public testing::Test {
 protected:
  ~TlsTest() override {
    loop_.stop();
    loop_.run();
  }
  void start(std::shared_ptr<TlsServer> tls) {
    auto opened = Listener::open(loop_, {"127.0.0.1", 0});
    ASSERT_TRUE(opened);
    endpoint_ = (*opened)->local();
    auto serve = [](std::unique_ptr<Connection> connection, std::shared_ptr<TlsServer> server) -> Task<> {
      if (!co_await connection->accept_tls(server->context(), kPatience)) co_return;
      if (co_await connection->write(as_bytes("hello"), kPatience)) co_await connection->close();
    };
    loop_.spawn(
        "listener",
        [](std::shared_ptr<Listener> listener, Loop& loop, std::shared_ptr<TlsServer> server, auto handle) -> Task<> {
          co_await listener->run([&](std::unique_ptr<Connection> connection) {
            loop.spawn("session", handle(std::move(connection), server));
          });
        }(*opened, loop_, std::move(tls), serve));
  }
  Awaiting<std::string> fetch(std::shared_ptr<const TlsClient> client, std::string name) {
    BULLA_CO_TRY(auto connection, co_await connect(endpoint_, kPatience));
    BULLA_CO_CHECK(co_await connection->connect_tls(std::move(client), std::move(name), kPatience));
    Peer peer(std::move(connection));
    co_return co_await peer.read_all();
  }

  Loop loop_;
  Endpoint endpoint_;
};

TEST_F(TlsTest, NamesAndAuthoritiesAreChecked) {
  const Certificate ours;
  const Certificate other("elsewhere.example");
  start(ours.server());
  EXPECT_EQ(*loop_.block_on(fetch(ours.trust(), "localhost")), "hello");
  EXPECT_EQ(*loop_.block_on(fetch(ours.trust(), "127.0.0.1")), "hello");
  const auto wrong_name = loop_.block_on(fetch(ours.trust(), "elsewhere.example"));
  ASSERT_FALSE(wrong_name);
  EXPECT_THAT(wrong_name.error().text, HasSubstr("certificate"));
  EXPECT_FALSE(loop_.block_on(fetch(ours.trust(), "127.0.0.2")));
  EXPECT_FALSE(loop_.block_on(fetch(other.trust(), "localhost")));
  EXPECT_FALSE(loop_.block_on(fetch(*TlsClient::make(), "localhost"))) << "the system's authorities know nothing of it";
  EXPECT_EQ(*loop_.block_on(fetch(*TlsClient::make({"", false}), "elsewhere.example")), "hello");
}

TEST_F(TlsTest, ReloadIsForNewConnections) {
  const Certificate first;
  const Certificate second;
  const TempDir dir;
  const auto copy = [&](const Certificate& from) {
    const auto over = std::filesystem::copy_options::overwrite_existing;
    std::filesystem::copy_file(from.certificate(), dir.file("c.pem"), over);
    std::filesystem::copy_file(from.key(), dir.file("k.pem"), over);
  };
  copy(first);
  auto server = TlsServer::load(dir.file("c.pem"), dir.file("k.pem"));
  ASSERT_TRUE(server) << server.error().text;
  start(*server);
  EXPECT_TRUE(loop_.block_on(fetch(first.trust(), "localhost")));
  EXPECT_FALSE(loop_.block_on(fetch(second.trust(), "localhost")));
  copy(second);
  ASSERT_TRUE((*server)->reload());
  EXPECT_FALSE(loop_.block_on(fetch(first.trust(), "localhost")));
  EXPECT_TRUE(loop_.block_on(fetch(second.trust(), "localhost")));
  dir.write("k.pem", "rubbish");
  EXPECT_FALSE((*server)->reload());
  EXPECT_TRUE(loop_.block_on(fetch(second.trust(), "localhost"))) << "the old one stays in use";
}

TEST_F(TlsTest, OldVersionsAreRefused) {
  const Certificate certificate;
  Workers workers(1);
  start(certificate.server());
  const auto version = [&](const std::string& option) {
    auto run = [](Workers& pool, std::string command) -> Task<ProgramResult> {
      co_return co_await pool.run([&] { return run_program(command); });
    };
    // Level 0 lets openssl offer what is old at all.
    return loop_.block_on(run(workers, "openssl s_client -connect " + endpoint_.text() +
                                           " -cipher DEFAULT@SECLEVEL=0 " + option + " </dev/null"));
  };
  EXPECT_EQ(version("-tls1_2").status, 0);
  EXPECT_EQ(version("-tls1_3").status, 0);
  EXPECT_NE(version("-tls1_1").status, 0);
  EXPECT_NE(version("-tls1_2 -cipher AES128-SHA").status, 0);
}

TEST(TlsFiles, ErrorsNameTheFile) {
  const Certificate certificate;
  const Certificate other;
  const TempDir dir;
  const auto rubbish = dir.write("rubbish.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
  const std::tuple<std::string, std::string, std::string> rows[] = {
      {dir.file("none.pem"), certificate.key(), dir.file("none.pem")},
      {rubbish, certificate.key(), rubbish},
      {certificate.certificate(), dir.file("none.pem"), dir.file("none.pem")},
      {certificate.certificate(), rubbish, rubbish},
      {certificate.certificate(), other.key(), other.key()},
  };
  for (const auto& [chain, key, named] : rows) {
    const auto server = TlsServer::load(chain, key);
    ASSERT_FALSE(server);
    EXPECT_EQ(server.error().code, Code::kInvalid);
    EXPECT_THAT(server.error().text, HasSubstr(named));
  }
  const auto client = TlsClient::make({rubbish, true});
  ASSERT_FALSE(client);
  EXPECT_THAT(client.error().text, HasSubstr(rubbish));
}

}  // namespace
}  // namespace bulla::net
