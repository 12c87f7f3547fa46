#include "net/http_server.h"

#include <gmock/gmock.h>

#include "net/test_support.h"

namespace bulla::net {
namespace {

using namespace test;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

class EchoHandler final : public HttpHandler {
 public:
  Task<HttpResponse> handle(HttpRequest request) override {
    requests.push_back(request);
    if (hold) co_await hold->wait(kPatience);
    if (request.path == "/throw") throw std::runtime_error("no such luck");
    if (request.path == "/empty") co_return HttpResponse{204, {}, "", nullptr};
    if (request.path == "/shared") {
      HttpResponse response;
      response.shared_body = std::make_shared<const std::string>(300'000, 's');
      co_return response;
    }
    if (request.path == "/huge") {
      HttpResponse response;
      response.shared_body = std::make_shared<const std::string>(50 << 20, 'h');
      co_return response;
    }
    co_return http_response(
        200, "text/plain",
        std::string(method_name(request.method)) + " " + request.target + " " + to_string(request.body));
  }
  std::optional<HttpResponse> refuse(const HttpRequest& head) override {
    if (head.path != "/members") return std::nullopt;
    return http_response(401, "text/plain", "who are you?");
  }
  std::uint64_t body_limit(const HttpRequest& head, std::uint64_t standard) override {
    return head.path == "/big" ? 1 << 20 : standard;
  }
  HttpResponse error(unsigned status, std::string_view text) override {
    return http_response(status, "application/json", "{\"error\":\"" + std::string(text) + "\"}");
  }

  std::vector<HttpRequest> requests;
  Event* hold = nullptr;
};

class HttpServerTest : public testing::Test {
 protected:
  HttpServerTest() {
    config_.max_body = 100;
    config_.max_header = 2000;
  }
  ~HttpServerTest() override {
    server_.reset();
    loop_.stop();
    loop_.run();
  }
  void start() {
    server_.emplace(loop_, config_, handler_);
    auto listening = server_->listen({"127.0.0.1", 0});
    ASSERT_TRUE(listening) << listening.error().text;
    endpoint_ = *listening;
  }
  // ask sends text in pieces of `step` bytes and reads until the server closes.
  std::string ask(std::string text, std::size_t step = 1 << 20) {
    auto run = [](Endpoint to, std::string what, std::size_t size) -> Task<std::string> {
      Peer peer = co_await Peer::connect_to(std::move(to));
      for (std::size_t at = 0; at < what.size(); at += size)
        if (!co_await peer.send(what.substr(at, size))) break;
      co_return co_await peer.read_all();
    };
    return loop_.block_on(run(endpoint_, std::move(text), step));
  }

  std::string reported_;
  Loop loop_{[this](std::string_view, std::string_view text) { reported_ = text; }};
  HttpServerConfig config_;
  EchoHandler handler_;
  std::optional<HttpServer> server_;
  Endpoint endpoint_;
};

TEST(AddressCount, CountsWhatOneHostHas) {
  AddressCount count;
  EXPECT_TRUE(count.add("192.0.2.1", 100, 1));
  EXPECT_FALSE(count.add("192.0.2.1", 100, 1));
  EXPECT_FALSE(count.add("::ffff:192.0.2.1", 100, 1)) << "the same host through an IPv6 socket";
  EXPECT_TRUE(count.add("192.0.2.2", 100, 1));
  EXPECT_TRUE(count.add("2001:db8:0:1::1", 100, 2));
  EXPECT_TRUE(count.add("2001:db8:0:1:ffff::2", 100, 2));
  EXPECT_FALSE(count.add("2001:db8:0:1::3", 100, 2)) << "a host has all addresses of its /64";
  EXPECT_TRUE(count.add("2001:db8:0:2::1", 100, 2));
  count.remove("2001:db8:0:1::1");
  EXPECT_TRUE(count.add("2001:db8:0:1::3", 100, 2));
  EXPECT_EQ(count.total(), 5u);
  EXPECT_FALSE(count.add("192.0.2.3", 5, 1)) << "all together";
}

const std::string kClose = "Host: x\r\nConnection: close\r\n";

TEST_F(HttpServerTest, AnswersInAnyPieces) {
  start();
  const std::string request = "POST /a/b?c=d HTTP/1.1\r\n" + kClose + "Content-Length: 5\r\n\r\nhello";
  for (const std::size_t step : {1u, 2u, 7u, 1000u}) {
    const auto response = ask(request, step);
    EXPECT_THAT(response, StartsWith("HTTP/1.1 200 OK\r\nDate: "));
    EXPECT_THAT(response, HasSubstr("\r\nContent-Type: text/plain\r\n"));
    EXPECT_THAT(response, HasSubstr("\r\nContent-Length: 19\r\n"));
    EXPECT_THAT(response, HasSubstr("\r\nConnection: close\r\n"));
    EXPECT_THAT(response, EndsWith("\r\n\r\nPOST /a/b?c=d hello"));
  }
  const auto& seen = handler_.requests.at(0);
  EXPECT_EQ(seen.path, "/a/b");
  EXPECT_EQ(seen.query, "c=d");
  EXPECT_EQ(seen.remote_address, "127.0.0.1");
  EXPECT_FALSE(seen.tls);
}

TEST_F(HttpServerTest, KeepsAliveAndPipelines) {
  start();
  const auto responses =
      ask("GET /1 HTTP/1.1\r\nHost: x\r\n\r\nPOST /2 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
          "3\r\nabc\r\n4;ext=1\r\ndefg\r\n0\r\n\r\nHEAD /3 HTTP/1.1\r\nHost: x\r\n\r\nGET /4 HTTP/1.1\r\n" +
          kClose + "\r\n");
  EXPECT_THAT(responses, HasSubstr("GET /1 HTTP/1.1"));
  EXPECT_THAT(responses, HasSubstr("POST /2 abcdefgHTTP/1.1"));
  EXPECT_THAT(responses, HasSubstr("Content-Length: 8\r\n\r\nHTTP/1.1")) << "HEAD has a length and no body";
  EXPECT_THAT(responses, EndsWith("GET /4 "));
  EXPECT_EQ(server_->stats().accepted, 1u);
  EXPECT_EQ(server_->stats().requests, 4u);
}

TEST_F(HttpServerTest, ResponsesWithoutAndWithLargeBody) {
  start();
  EXPECT_THAT(ask("GET /empty HTTP/1.1\r\n" + kClose + "\r\n"), Not(HasSubstr("Content-Length")));
  const auto shared = ask("GET /shared HTTP/1.1\r\n" + kClose + "\r\n");
  EXPECT_THAT(shared, HasSubstr("Content-Length: 300000\r\n"));
  EXPECT_EQ(std::ranges::count(shared, 's') - std::ranges::count(shared.substr(0, shared.find("\r\n\r\n")), 's'),
            300'000);
}

TEST_F(HttpServerTest, Refusals) {
  start();
  const std::string post = "POST / HTTP/1.1\r\nHost: x\r\n";
  struct Row {
    const char* title;
    std::string request;
    unsigned status;
  } rows[] = {
      {"not HTTP", "EHLO client\r\n\r\n", 400},
      {"garbage", "\x16\x03\x01\x02\r\n\r\n", 400},
      {"bare LF", "GET / HTTP/1.1\nHost: x\n\n", 400},
      {"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400},
      {"other method", "OPTIONS / HTTP/1.1\r\nHost: x\r\n\r\n", 405},
      {"unknown method", "BREW / HTTP/1.1\r\nHost: x\r\n\r\n", 405},
      {"CONNECT", "CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n", 405},
      {"method in lower case", "get / HTTP/1.1\r\nHost: x\r\n\r\n", 405},
      {"absolute target", "GET http://x/ HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"asterisk", "GET * HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"fragment in the target", "GET /#a HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"no Host", "GET / HTTP/1.1\r\n\r\n", 400},
      {"two Hosts", "GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400},
      {"length and chunked", post + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"chunked and length", post + "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", 400},
      {"two lengths", post + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400},
      {"the same length twice", post + "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400},
      {"list of lengths", post + "Content-Length: 3, 3\r\n\r\nabc", 400},
      {"length in two lines", post + "Content-Length: 3,\r\n 3\r\n\r\nabc", 400},
      {"negative length", post + "Content-Length: -3\r\n\r\nabc", 400},
      {"length with a plus", post + "Content-Length: +3\r\n\r\nabc", 400},
      {"length in hexadecimal", post + "Content-Length: 0x3\r\n\r\nabc", 400},
      {"length overflows", post + "Content-Length: 18446744073709551619\r\n\r\nabc", 400},
      {"other coding", post + "Transfer-Encoding: gzip\r\n\r\n", 400},
      {"chunked not last", post + "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n", 400},
      {"two codings", post + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400},
      {"chunked with a vertical tab",
       post + "Transfer-Encoding: \x0b"
              "chunked\r\n\r\n0\r\n\r\n",
       400},
      {"coding in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"space before the colon", post + "Content-Length : 3\r\n\r\nabc", 400},
      {"bad chunk size", post + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n", 400},
      {"chunk size overflows", post + "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n", 400},
      {"chunk without its end", post + "Transfer-Encoding: chunked\r\n\r\n3\r\nabcdef\r\n", 400},
      {"NUL in a field", post + std::string("X: a\0b\r\n\r\n", 10), 400},
      {"long header", "GET / HTTP/1.1\r\nHost: x\r\nX: " + std::string(3000, 'x') + "\r\n\r\n", 431},
      {"long target", "GET /" + std::string(3000, 'x') + " HTTP/1.1\r\nHost: x\r\n\r\n", 431},
      {"header without end", "GET / HTTP/1.1\r\nHost: x\r\nX: " + std::string(70'000, 'x'), 431},
      {"large body", post + "Content-Length: 101\r\n\r\n" + std::string(101, 'x'), 413},
      {"huge body is not waited for", post + "Content-Length: 9999999999\r\n\r\n", 413},
      {"large chunks",
       post + "Transfer-Encoding: chunked\r\n\r\n40\r\n" + std::string(64, 'x') + "\r\n40\r\n" + std::string(64, 'x') +
           "\r\n0\r\n\r\n",
       413},
      {"endless chunk extension", post + "Transfer-Encoding: chunked\r\n\r\n1;" + std::string(70'000, 'x'), 400},
  };
  for (const auto& row : rows) {
    const auto response = ask(row.request);
    EXPECT_THAT(response, StartsWith("HTTP/1.1 " + std::to_string(row.status) + " ")) << row.title;
    EXPECT_THAT(response, HasSubstr("Content-Type: application/json\r\n")) << row.title;
    EXPECT_THAT(response, HasSubstr("Connection: close\r\n")) << row.title;
    EXPECT_EQ(response.find("HTTP/1.1", 10), std::string::npos) << row.title << ": one answer";
  }
  EXPECT_TRUE(handler_.requests.empty());
  EXPECT_EQ(server_->stats().refused, std::size(rows));
}

TEST_F(HttpServerTest, LimitsMayDependOnTheHeader) {
  start();
  const std::string body(500'000, 'x');
  const auto response = ask("PUT /big HTTP/1.1\r\n" + kClose + "Content-Length: 500000\r\n\r\n" + body);
  EXPECT_THAT(response, StartsWith("HTTP/1.1 200"));
  EXPECT_EQ(handler_.requests.at(0).body.size(), 500'000u);
}

TEST_F(HttpServerTest, TheHandlerMayRefuseFromTheHeaderAlone) {
  start();
  // The body is announced and never sent: nobody waits for it, and none of it is asked for.
  const auto response = ask("POST /members HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 50\r\n\r\n");
  EXPECT_THAT(response, StartsWith("HTTP/1.1 401 "));
  EXPECT_THAT(response, HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(response, EndsWith("who are you?"));
  EXPECT_TRUE(handler_.requests.empty());
  EXPECT_EQ(server_->stats().refused, 1u);
}

TEST_F(HttpServerTest, ContinueIsSaidWhenTheBodyIsWanted) {
  start();
  auto run = [this]() -> Task<> {
    Peer peer = co_await Peer::connect_to(endpoint_);
    co_await peer.send("POST / HTTP/1.1\r\n" + kClose + "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    EXPECT_EQ(co_await peer.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
    co_await peer.send("ok");
    EXPECT_THAT(co_await peer.read_all(), EndsWith("POST / ok"));
    Peer large = co_await Peer::connect_to(endpoint_);
    co_await large.send("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 190\r\n\r\n");
    EXPECT_THAT(co_await large.read_all(), StartsWith("HTTP/1.1 413"));
  };
  loop_.block_on(run());
}

TEST_F(HttpServerTest, SlowClientsAreSentAway) {
  config_.idle_timeout = 30;
  config_.header_timeout = 30;
  config_.body_timeout = 30;
  start();
  EXPECT_EQ(ask(""), "") << "nobody is owed an answer";
  EXPECT_THAT(ask("GET / HTTP/1.1\r\nHost: x\r\n"), StartsWith("HTTP/1.1 408"));
  EXPECT_THAT(ask("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhi"), StartsWith("HTTP/1.1 408"));
  EXPECT_TRUE(handler_.requests.empty());
}

// A byte from time to time does not buy more time.
TEST_F(HttpServerTest, ATricklingClientIsSentAway) {
  config_.header_timeout = 100;
  start();
  auto run = [this]() -> Task<> {
    Peer peer = co_await Peer::connect_to(endpoint_);
    co_await peer.send("GET / HTTP/1.1\r\nX: ");
    for (int i = 0; server_->stats().refused == 0 && i < 10'000; ++i) {
      if (!co_await peer.send("x")) break;
      co_await sleep(5);
    }
    EXPECT_EQ(server_->stats().refused, 1u);
  };
  loop_.block_on(run());
}

// The response is larger than what the system takes in advance (a few MB), so that the server waits for its reader.
TEST_F(HttpServerTest, AClientThatReadsNothingIsSentAway) {
  config_.write_timeout = 200;
  start();
  auto run = [this]() -> Task<> {
    Peer stuck = co_await Peer::connect_to(endpoint_);
    co_await stuck.send("GET /huge HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_TRUE(co_await eventually([this] { return handler_.requests.size() == 1; }));
    Peer other = co_await Peer::connect_to(endpoint_);
    co_await other.send("GET /other HTTP/1.1\r\n" + kClose + "\r\n");
    EXPECT_THAT(co_await other.read_all(), EndsWith("GET /other "));
    EXPECT_TRUE(co_await eventually([this] { return server_->stats().open == 0; }));
    EXPECT_LT((co_await stuck.read_all()).size(), 50u << 20) << "the rest was not sent";
  };
  loop_.block_on(run());
}

TEST_F(HttpServerTest, AClientThatBeginsNoTlsIsSentAway) {
  const Certificate certificate;
  config_.tls = certificate.server();
  config_.handshake_timeout = 50;
  start();
  auto run = [this]() -> Task<> {
    Peer silent = co_await Peer::connect_to(endpoint_);
    Peer half = co_await Peer::connect_to(endpoint_);
    co_await half.send("\x16\x03\x01\x02");
    EXPECT_EQ(co_await silent.read_all(), "");
    co_await half.read_all();
    EXPECT_TRUE(co_await eventually([this] { return server_->stats().open == 0; }));
  };
  loop_.block_on(run());
  EXPECT_EQ(server_->stats().accepted, 2u);
}

TEST_F(HttpServerTest, AConnectionIsForSoManyRequests) {
  config_.max_requests = 3;
  start();
  std::string requests;
  for (int i = 0; i < 10; ++i) requests += "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
  EXPECT_THAT(ask(requests), EndsWith("GET / "));
  EXPECT_EQ(handler_.requests.size(), 3u);
}

TEST_F(HttpServerTest, EarlyCloseAtEachByte) {
  start();
  const std::string request = "POST / HTTP/1.1\r\n" + kClose + "Content-Length: 5\r\n\r\nhello";
  auto run = [&]() -> Task<> {
    for (std::size_t length = 0; length < request.size(); ++length) {
      Peer peer = co_await Peer::connect_to(endpoint_);
      co_await peer.send(request.substr(0, length));
      peer.abort();
    }
    EXPECT_TRUE(co_await eventually([this] { return server_->stats().open == 0; }));
  };
  loop_.block_on(run());
  EXPECT_TRUE(handler_.requests.empty());
  EXPECT_THAT(ask(request), StartsWith("HTTP/1.1 200"));
}

TEST_F(HttpServerTest, ConnectionsBeyondTheLimitAreTurnedAway) {
  config_.max_per_address = 2;
  start();
  auto run = [this]() -> Task<> {
    Peer first = co_await Peer::connect_to(endpoint_);
    Peer second = co_await Peer::connect_to(endpoint_);
    co_await eventually([this] { return server_->stats().open == 2; });
    Peer third = co_await Peer::connect_to(endpoint_);
    const auto answer = co_await third.read_all();
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 503"));
    EXPECT_THAT(answer, HasSubstr("Retry-After: 5\r\n"));
    co_await first.send("GET /still HTTP/1.1\r\n" + kClose + "\r\n");
    EXPECT_THAT(co_await first.read_all(), EndsWith("GET /still "));
  };
  loop_.block_on(run());
}

TEST_F(HttpServerTest, AThrowingHandlerIs500) {
  start();
  const auto responses = ask("GET /throw HTTP/1.1\r\nHost: x\r\n\r\nGET /after HTTP/1.1\r\n" + kClose + "\r\n");
  EXPECT_THAT(responses, StartsWith("HTTP/1.1 500"));
  EXPECT_THAT(responses, EndsWith("GET /after "));
  EXPECT_EQ(reported_, "no such luck");
}

TEST_F(HttpServerTest, ForwardedAddressesAreBelievedFromTrustedProxiesOnly) {
  const std::string request =
      "GET / HTTP/1.1\r\n" + kClose + "X-Forwarded-Proto: https\r\nX-Forwarded-For: 192.0.2.1, 198.51.100.7\r\n\r\n";
  start();
  ask(request);
  EXPECT_EQ(handler_.requests.back().remote_address, "127.0.0.1");
  EXPECT_FALSE(handler_.requests.back().tls);
  config_.trusted_proxies.push_back(*IpNetwork::parse("127.0.0.0/8"));
  start();
  ask(request);
  EXPECT_EQ(handler_.requests.back().remote_address, "198.51.100.7") << "the last one: the proxy has seen it";
  EXPECT_TRUE(handler_.requests.back().tls);
  for (const std::string forged : {"not an address", "", "10.0.0.0/8", "unknown, "}) {
    ask("GET / HTTP/1.1\r\n" + kClose + "X-Forwarded-For: " + forged + "\r\n\r\n");
    EXPECT_EQ(handler_.requests.back().remote_address, "127.0.0.1") << forged;
  }
}

TEST_F(HttpServerTest, DrainLetsRequestsFinish) {
  start();
  auto run = [this]() -> Task<> {
    Event go(loop_);
    handler_.hold = &go;
    Peer idle = co_await Peer::connect_to(endpoint_);
    Peer busy = co_await Peer::connect_to(endpoint_);
    co_await busy.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    co_await eventually([this] { return !handler_.requests.empty() && server_->stats().open == 2; });
    bool drained = false;
    auto drain = [](HttpServer& server, bool& done) -> Task<> { done = co_await server.drain(kPatience); };
    loop_.spawn("drain", drain(*server_, drained));
    EXPECT_EQ(co_await idle.read_all(), "");
    go.set();
    EXPECT_THAT(co_await busy.read_all(), HasSubstr("Connection: close\r\n"));
    idle.abort();
    busy.abort();
    EXPECT_TRUE(co_await eventually([&] { return drained; }));
  };
  loop_.block_on(run());
}

TEST_F(HttpServerTest, PythonOverTls) {
  const Certificate certificate;
  config_.tls = certificate.server();
  config_.max_body = 1 << 20;
  start();
  Workers workers(1);
  const TempDir dir;
  const auto file = dir.write("body", std::string(200'000, 'b'));
  const std::string script =
      "import ssl, http.client\n"
      "c = http.client.HTTPSConnection('localhost', " +
      std::to_string(endpoint_.port) + ", context=ssl.create_default_context(cafile='" + certificate.certificate() +
      "'), timeout=20)\n"
      "for i in range(3):\n"
      "  c.request('POST', '/x?%d' % i, body=open('" +
      file +
      "','rb'))\n"
      "  r = c.getresponse(); b = r.read(); assert r.status == 200 and len(b) > 200000, r.status\n";
  const auto program = dir.write("ask.py", script);
  auto run = [&]() -> Task<ProgramResult> {
    co_return co_await workers.run([&] { return run_program("python3 " + program); });
  };
  const auto done = loop_.block_on(run());
  EXPECT_EQ(done.status, 0) << done.output;
  ASSERT_EQ(handler_.requests.size(), 3u);
  EXPECT_TRUE(handler_.requests[0].tls);
  EXPECT_EQ(server_->stats().accepted, 1u);
}

}  // namespace
}  // namespace bulla::net
