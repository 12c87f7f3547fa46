#include "net/http_client.h"

#include <gmock/gmock.h>

#include "net/http_server.h"
#include "net/test_support.h"

namespace bulla::net {
namespace {

using namespace test;
using testing::HasSubstr;

class Handler final : public HttpHandler {
 public:
  Task<HttpResponse> handle(HttpRequest request) override {
    co_await sleep(0);
    auto response =
        http_response(request.path == "/missing" ? 404 : 200, "text/plain",
                      std::string(method_name(request.method)) + " " + request.target + " " + to_string(request.body));
    response.headers.add("X-Host", request.headers.find("Host").value_or("none"));
    response.headers.add("X-Token", request.headers.find("Authorization").value_or("none"));
    co_return response;
  }
};

class HttpClientTest : public testing::Test {
 protected:
  ~HttpClientTest() override {
    client_.reset();
    server_.reset();
    loop_.stop();
    loop_.run();
  }
  void start_server() {
    server_.emplace(loop_, server_config_, handler_);
    auto listening = server_->listen({"127.0.0.1", 0});
    ASSERT_TRUE(listening) << listening.error().text;
    endpoint_ = *listening;
  }
  // A server that answers each connection's first request with this text, and closes.
  void start_script(std::string text) {
    auto opened = Listener::open(loop_, {"127.0.0.1", 0});
    ASSERT_TRUE(opened) << opened.error().text;
    endpoint_ = (*opened)->local();
    auto say = [](Peer peer, std::string what, bool silent) -> Task<> {
      co_await peer.read_until("\r\n\r\n");
      if (silent) co_await sleep(kHour);
      co_await peer.send(what);
      co_await peer.connection().close();
    };
    loop_.spawn("script", [](std::shared_ptr<Listener> listener, Loop& loop, std::string what, auto speak) -> Task<> {
      co_await listener->run([&](std::unique_ptr<Connection> connection) {
        loop.spawn("peer", speak(Peer(std::move(connection)), what, what == "silent"));
      });
    }(*opened, loop_, std::move(text), say));
  }
  Result<HttpResponse> send(HttpCall call) {
    if (!client_) client_.emplace(loop_, client_config_);
    return loop_.block_on(client_->send(std::move(call)));
  }
  Result<HttpResponse> get(std::string path) {
    return send({HttpMethod::kGet, "http://" + endpoint_.text() + path, {}, {}});
  }

  Loop loop_;
  HttpServerConfig server_config_;
  HttpClientConfig client_config_;
  Handler handler_;
  Endpoint endpoint_;
  std::optional<HttpServer> server_;
  std::optional<HttpClient> client_;
};

TEST_F(HttpClientTest, MethodsAndKeepAlive) {
  start_server();
  struct Row {
    HttpMethod method;
    std::string path;
    std::string body;
    unsigned status;
    std::string answer;
  } rows[] = {
      {HttpMethod::kGet, "", "", 200, "GET / "},
      {HttpMethod::kGet, "/a%20b?c=d&e", "", 200, "GET /a%20b?c=d&e "},
      {HttpMethod::kPost, "/p", "hello", 200, "POST /p hello"},
      {HttpMethod::kPost, "/p", "", 200, "POST /p "},
      {HttpMethod::kPut, "/p", std::string(500'000, 'x'), 200, "PUT /p " + std::string(500'000, 'x')},
      {HttpMethod::kDelete, "/p", "", 200, "DELETE /p "},
      {HttpMethod::kHead, "/p", "", 200, ""},
      {HttpMethod::kGet, "/missing", "", 404, "GET /missing "},
  };
  for (const auto& row : rows) {
    HttpCall call{row.method, "http://" + endpoint_.text() + row.path, {}, to_bytes(row.body)};
    call.headers.add("Authorization", "Bearer t");
    const auto response = send(std::move(call));
    ASSERT_TRUE(response) << response.error().text;
    EXPECT_EQ(response->status, row.status);
    EXPECT_TRUE(response->body == row.answer) << row.path;
    EXPECT_EQ(response->headers.find("x-host"), endpoint_.text());
    EXPECT_EQ(response->headers.find("x-token"), "Bearer t");
  }
  EXPECT_EQ(server_->stats().accepted, 1u);
}

TEST_F(HttpClientTest, AStaleConnectionIsReplaced) {
  start_server();
  ASSERT_TRUE(get("/"));
  const Endpoint endpoint = endpoint_;
  auto drain = [this]() -> Task<> { co_await server_->drain(kPatience); };
  loop_.block_on(drain());
  server_.emplace(loop_, server_config_, handler_);
  ASSERT_TRUE(server_->listen(endpoint));
  const auto response = get("/again");
  ASSERT_TRUE(response) << response.error().text;
  EXPECT_EQ(response->body, "GET /again ");
}

TEST_F(HttpClientTest, IdleConnectionsAreClosed) {
  client_config_.idle_timeout = 10;
  start_server();
  ASSERT_TRUE(get("/"));
  EXPECT_TRUE(loop_.block_on(eventually([this] { return server_->stats().open == 0; })));
}

TEST_F(HttpClientTest, Tls) {
  const Certificate ours;
  const Certificate theirs;
  server_config_.tls = ours.server();
  start_server();
  const std::string port = std::to_string(endpoint_.port);
  client_config_.tls = ours.trust();
  for (const std::string host : {"localhost", "127.0.0.1"}) {
    const auto response = send({HttpMethod::kGet, "https://" + host + ":" + port + "/x", {}, {}});
    ASSERT_TRUE(response) << response.error().text;
    EXPECT_EQ(response->body, "GET /x ");
  }
  client_.reset();
  client_config_.tls = theirs.trust();
  const auto stranger = send({HttpMethod::kGet, "https://localhost:" + port + "/x", {}, {}});
  ASSERT_FALSE(stranger);
  EXPECT_EQ(stranger.error().code, Code::kUnavailable);
  EXPECT_THAT(stranger.error().text, HasSubstr("not trusted"));
  client_.reset();
  client_config_.tls = nullptr;  // the system's authorities
  EXPECT_FALSE(send({HttpMethod::kGet, "https://localhost:" + port + "/x", {}, {}}));
}

TEST_F(HttpClientTest, Urls) {
  for (const auto* url : {"", "localhost", "ftp://localhost/", "http://", "http:///x", "http://user:pw@localhost/",
                          "//x/y", "http://localhost/#fragment", "http://localhost:0/", "http://localhost:70000/",
                          "http://a b/", "http://localhost/a\r\nX: y", "file:///etc/passwd"}) {
    const auto response = send({HttpMethod::kGet, url, {}, {}});
    ASSERT_FALSE(response) << url;
    EXPECT_EQ(response.error().code, Code::kInvalid) << url;
  }
}

TEST_F(HttpClientTest, BadServers) {
  client_config_.max_response = 1000;
  struct Row {
    const char* title;
    std::string answer;
    Code code;
  } rows[] = {
      {"closes", "", Code::kUnavailable},
      {"not HTTP", "220 smtp.example ESMTP\r\n", Code::kInvalid},
      {"cut header", "HTTP/1.1 200 OK\r\nContent-Le", Code::kUnavailable},
      {"cut body", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", Code::kUnavailable},
      {"cut chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n", Code::kUnavailable},
      {"large by its word", "HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n", Code::kInvalid},
      {"large in chunks",
       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n" + std::string(1001, 'x') + "\r\n0\r\n\r\n",
       Code::kInvalid},
      {"large without an end", "HTTP/1.1 200 OK\r\n\r\n" + std::string(5000, 'x'), Code::kInvalid},
      {"long header", "HTTP/1.1 200 OK\r\nX: " + std::string(100'000, 'x') + "\r\n\r\n", Code::kInvalid},
      {"endless chunk extension", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;" + std::string(1 << 20, 'x'),
       Code::kInvalid},
      {"endless trailer", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: " + std::string(1 << 20, 'x'),
       Code::kInvalid},
      {"length and chunked", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
       Code::kInvalid},
  };
  for (const auto& row : rows) {
    start_script(row.answer);
    const auto response = get("/");
    ASSERT_FALSE(response) << row.title;
    EXPECT_EQ(response.error().code, row.code) << row.title << ": " << response.error().text;
  }
  start_script("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\nuntil the end");
  const auto ends_with_connection = get("/");
  ASSERT_TRUE(ends_with_connection) << ends_with_connection.error().text;
  EXPECT_EQ(ends_with_connection->body, "until the end");
}

TEST_F(HttpClientTest, AServerThatSaysNothingIsGivenUp) {
  client_config_.request_timeout = 200;
  start_script("silent");
  const auto response = get("/");
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, Code::kTimeout);
}

// The body says how long it is, so that what is cut is never taken for whole.
TEST_F(HttpClientTest, AServerThatClosesAtEachByte) {
  const std::string bodies[] = {
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Y: z\r\n\r\nhello",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;a=b\r\nllo\r\n0\r\n\r\n",
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
  };
  for (const auto& whole : bodies) {
    for (std::size_t size = 0; size < whole.size(); ++size) {
      start_script(whole.substr(0, size));
      const auto response = get("/");
      ASSERT_FALSE(response) << "cut at " << size << " of: " << whole;
      EXPECT_EQ(response.error().code, Code::kUnavailable) << "cut at " << size << ": " << response.error().text;
    }
    start_script(whole);
    const auto response = get("/");
    ASSERT_TRUE(response) << response.error().text;
    EXPECT_EQ(response->body, response->status == 204 ? "" : "hello");
  }
}

TEST_F(HttpClientTest, AHandshakeThatIsNotAnsweredIsGivenUp) {
  const Certificate certificate;
  client_config_.tls = certificate.trust();
  client_config_.connect_timeout = 50;
  client_config_.request_timeout = kHour;
  start_script("silent");
  const auto response = send({HttpMethod::kGet, "https://" + endpoint_.text() + "/", {}, {}});
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, Code::kTimeout) << response.error().text;
}

TEST_F(HttpClientTest, NobodyListens) {
  start_server();
  server_.reset();
  loop_.block_on(sleep(1));
  const auto response = get("/");
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, Code::kUnavailable);
}

}  // namespace
}  // namespace bulla::net
