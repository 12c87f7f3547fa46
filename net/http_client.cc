#include "net/http_client.h"

#include <algorithm>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <chrono>
#include <list>

#include "net/connection.h"
#include "net/http_reader.h"

namespace bulla::net {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t kReadSize = 64 * 1024;

// Where a URL leads.
struct Target {
  bool tls = false;
  Endpoint endpoint;
  std::string authority;  // for Host
  std::string path;       // with the query
};

Result<Target> parse_target(const std::string& text) {
  const auto invalid = fail(Code::kInvalid, "not an http or https URL: " + text.substr(0, 200));
  const auto parsed = boost::urls::parse_uri(text);
  if (!parsed) return invalid;
  const boost::urls::url_view url = *parsed;
  Target target;
  target.tls = url.scheme() == "https";
  if ((!target.tls && url.scheme() != "http") || url.host().empty() || url.has_userinfo() || url.has_fragment())
    return invalid;
  target.endpoint.host = url.host_address();
  target.endpoint.port = target.tls ? 443 : 80;
  if (url.has_port()) target.endpoint.port = url.port_number();
  if (target.endpoint.port == 0) return invalid;
  target.authority = url.encoded_host();
  if (url.has_port()) target.authority += ':' + std::to_string(target.endpoint.port);
  target.path = std::string(url.encoded_path());
  if (target.path.empty()) target.path = "/";
  if (url.has_query()) target.path += '?' + std::string(url.encoded_query());
  return target;
}

struct Channel {
  std::string key;  // scheme, host and port
  std::unique_ptr<Connection> connection;
  SteadyClock::time_point idle_since{};
};

// One try of a request on one connection.
struct Try {
  Result<HttpResponse> response;
  bool heard = false;  // a byte of an answer has come
  bool keep = false;   // the connection can take another request
};

Millis left_until(SteadyClock::time_point end) {
  return std::max<Millis>(0, std::chrono::ceil<std::chrono::milliseconds>(end - SteadyClock::now()).count());
}

std::string request_text(const HttpCall& call, const Target& target, const std::string& user_agent) {
  std::string text = std::string(method_name(call.method)) + ' ' + target.path + " HTTP/1.1\r\n";
  text += "Host: " + target.authority + "\r\nUser-Agent: " + user_agent + "\r\n";
  for (const auto& [name, value] : call.headers.fields()) text += name + ": " + value + "\r\n";
  const bool with_body = !call.body.empty() || call.method == HttpMethod::kPost || call.method == HttpMethod::kPut;
  if (with_body) text += "Content-Length: " + std::to_string(call.body.size()) + "\r\n";
  text += "\r\n";
  text += as_text(call.body);
  return text;
}

Awaiting<HttpResponse> read_response(Connection& connection, bool head, SteadyClock::time_point end, bool& heard,
                                     bool& keep, const HttpClientConfig& config) {
  Bytes input;
  Bytes buffer(kReadSize);
  HttpResponseReader reader(head, config.max_header, config.max_response);
  while (true) {
    BULLA_CO_TRY(const bool done, reader.read(input));
    if (done) break;
    const auto size = co_await connection.read(buffer, left_until(end));
    if (!size && size.error().code == Code::kClosed && reader.end()) break;
    if (!size) co_return std::unexpected(size.error());
    heard = true;
    append(input, ByteView(buffer).first(*size));
  }
  keep = reader.keep_alive() && input.empty();
  co_return reader.take();
}

}  // namespace

struct HttpClient::State : std::enable_shared_from_this<HttpClient::State> {
  State(Loop& l, HttpClientConfig c) : loop(l), config(std::move(c)), tasks(l) {}

  Awaiting<HttpResponse> send(HttpCall call);
  Awaiting<std::unique_ptr<Channel>> open(Target target, std::string key, SteadyClock::time_point end);
  Task<Try> exchange(Channel& channel, std::string text, bool head, SteadyClock::time_point end);
  std::unique_ptr<Channel> take_idle(const std::string& key);
  void keep(std::unique_ptr<Channel> channel);
  Task<> sweep();

  Loop& loop;
  HttpClientConfig config;
  TaskGroup tasks;
  std::list<std::unique_ptr<Channel>> idle;  // the oldest first
  bool sweeping = false;
};

HttpClient::HttpClient(Loop& loop, HttpClientConfig config)
    : state_(std::make_shared<State>(loop, std::move(config))) {}

HttpClient::~HttpClient() {
  state_->tasks.cancel();
}

Awaiting<HttpResponse> HttpClient::send(HttpCall call) {
  const auto state = state_;
  co_return co_await state->send(std::move(call));
}

Awaiting<HttpResponse> HttpClient::State::send(HttpCall call) {
  BULLA_CO_TRY(auto target, parse_target(call.url));
  const auto end = SteadyClock::now() + std::chrono::milliseconds(config.request_timeout);
  const std::string key = (target.tls ? "https:" : "http:") + target.endpoint.text();
  const std::string text = request_text(call, target, config.user_agent);
  const bool head = call.method == HttpMethod::kHead;
  auto channel = take_idle(key);
  while (true) {
    const bool reused = channel != nullptr;
    if (!reused) {
      BULLA_CO_TRY(channel, co_await open(target, key, end));
    }
    auto tried = co_await exchange(*channel, text, head, end);
    if (tried.response && tried.keep) keep(std::move(channel));
    channel.reset();
    // The server may have closed a kept connection in the meantime; that says nothing about this request.
    const bool stale = reused && !tried.response && !tried.heard && tried.response.error().code == Code::kClosed;
    if (stale) continue;
    if (!tried.response && tried.response.error().code == Code::kClosed)
      tried.response.error().code = Code::kUnavailable;
    co_return std::move(tried.response);
  }
}

Awaiting<std::unique_ptr<Channel>> HttpClient::State::open(Target target, std::string key,
                                                           SteadyClock::time_point end) {
  if (target.tls && !config.tls) {
    BULLA_CO_TRY(config.tls, TlsClient::make());
  }
  const auto limit = [&] { return std::min(config.connect_timeout, left_until(end)); };
  auto channel = std::make_unique<Channel>();
  channel->key = std::move(key);
  BULLA_CO_TRY(channel->connection, co_await connect(target.endpoint, limit()));
  if (target.tls) {
    auto started = co_await channel->connection->connect_tls(config.tls, target.endpoint.host, limit());
    if (!started && started.error().code == Code::kClosed) started.error().code = Code::kUnavailable;
    BULLA_CO_CHECK(std::move(started));
  }
  co_return channel;
}

Task<Try> HttpClient::State::exchange(Channel& channel, std::string text, bool head, SteadyClock::time_point end) {
  Try tried;
  const auto written = co_await channel.connection->write(as_bytes(text), left_until(end));
  if (!written) {
    tried.response = std::unexpected(written.error());
    co_return tried;
  }
  tried.response = co_await read_response(*channel.connection, head, end, tried.heard, tried.keep, config);
  co_return tried;
}

std::unique_ptr<Channel> HttpClient::State::take_idle(const std::string& key) {
  const auto found = std::ranges::find_if(idle, [&](const auto& channel) { return channel->key == key; });
  if (found == idle.end()) return nullptr;
  auto channel = std::move(*found);
  idle.erase(found);
  return channel;
}

void HttpClient::State::keep(std::unique_ptr<Channel> channel) {
  if (config.max_idle == 0) return;
  if (idle.size() >= config.max_idle) idle.pop_front();
  channel->idle_since = SteadyClock::now();
  idle.push_back(std::move(channel));
  if (std::exchange(sweeping, true)) return;
  // The coroutine keeps the state alive.
  tasks.spawn("http client", [](std::shared_ptr<State> self) -> Task<> { co_await self->sweep(); }(shared_from_this()));
}

// Closes connections that nobody has used for a while; ends when there are none.
Task<> HttpClient::State::sweep() {
  const auto limit = std::chrono::milliseconds(config.idle_timeout);
  while (!idle.empty()) {
    const auto left = idle.front()->idle_since + limit - SteadyClock::now();
    if (left.count() > 0) {
      co_await sleep(std::chrono::ceil<std::chrono::milliseconds>(left).count());
    } else {
      idle.pop_front();
    }
  }
  sweeping = false;
}

}  // namespace bulla::net
