#include "net/http_server_session.h"

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/status.hpp>
#include <chrono>
#include <ctime>

namespace bulla::net {
namespace {

namespace http = boost::beast::http;

constexpr std::size_t kReadSize = 16 * 1024;
constexpr std::size_t kCoalesce = 64 * 1024;  // responses up to this size leave in one write

Millis left_until(std::chrono::steady_clock::time_point end) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now()).count();
  return std::max<Millis>(0, left);
}

std::string http_date() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  char text[64];
  return {text, std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts)};
}

bool has_no_body(unsigned status) {
  return status < 200 || status == 204 || status == 304;
}

bool same(std::string_view a, std::string_view b) {
  return boost::beast::iequals({a.data(), a.size()}, {b.data(), b.size()});
}

}  // namespace

std::string http_head(const HttpResponse& response, bool close) {
  const auto reason = http::obsolete_reason(http::int_to_status(response.status));
  std::string head = "HTTP/1.1 " + std::to_string(response.status) + ' ' + std::string(reason.data(), reason.size());
  head += "\r\nDate: " + http_date() + "\r\n";
  for (const auto& [name, value] : response.headers.fields()) head += name + ": " + value + "\r\n";
  if (!has_no_body(response.status)) head += "Content-Length: " + std::to_string(response.body_text().size()) + "\r\n";
  if (close) head += "Connection: close\r\n";
  return head + "\r\n";
}

HttpServerSession::HttpServerSession(HttpServer::State& server, std::unique_ptr<Connection> connection,
                                     std::string peer)
    : server_(server), connection_(std::move(connection)), peer_(std::move(peer)) {
  server_.open.insert(this);
}

HttpServerSession::~HttpServerSession() {
  server_.open.erase(this);
  server_.count.remove(peer_);
}

void HttpServerSession::wake_if_idle() {
  if (waiting_) connection_->cancel();
}

Task<> HttpServerSession::run() {
  if (server_.config.tls) {
    const auto started =
        co_await connection_->accept_tls(server_.config.tls->context(), server_.config.handshake_timeout);
    if (!started) co_return;
  }
  for (std::size_t requests = 1; keep_alive_; ++requests) {
    if (requests >= server_.config.max_requests) keep_alive_ = false;
    const bool go_on = co_await serve_one();
    if (!go_on) break;
  }
  co_await connection_->close();
}

Task<bool> HttpServerSession::serve_one() {
  // Between two requests nobody is owed an answer.
  if (input_.empty()) {
    waiting_ = !server_.draining;
    const bool began = waiting_ && co_await fill(server_.config.idle_timeout);
    waiting_ = false;
    if (!began) co_return false;
  }
  auto request = co_await read_request();
  if (!request) {
    auto& refusal = request.error();
    if (refusal.error.status == 0 && !refusal.response) co_return false;
    ++server_.stats.refused;
    if (!refusal.response) refusal.response = server_.handler.error(refusal.error.status, refusal.error.text);
    co_await write(std::move(*refusal.response), false, true);
    co_return false;
  }
  const bool head = request->method == HttpMethod::kHead;
  auto response = co_await guarded(std::move(*request));
  ++server_.stats.requests;
  if (server_.draining) keep_alive_ = false;
  co_return co_await write(std::move(response), head, !keep_alive_);
}

auto HttpServerSession::read_request() -> Task<OrRefusal<HttpRequest>> {
  HttpRequestReader reader(server_.config.max_header);
  auto request = co_await read_head(reader);
  if (!request) co_return std::unexpected(std::move(request.error()));
  request->remote_address = peer_;
  request->tls = connection_->tls();
  if (server_.trusted(peer_)) apply_proxy(*request);
  if (!reader.keep_alive()) keep_alive_ = false;
  if (auto refused = server_.handler.refuse(*request)) co_return std::unexpected(Refusal{{}, std::move(refused)});
  const auto limited = reader.limit_body(server_.handler.body_limit(*request, server_.config.max_body));
  if (!limited) co_return std::unexpected(Refusal{limited.error()});
  auto body = co_await read_body(reader);
  if (!body) co_return std::unexpected(std::move(body.error()));
  request->body = reader.take_body();
  co_return std::move(*request);
}

auto HttpServerSession::read_head(HttpRequestReader& reader) -> Task<OrRefusal<HttpRequest>> {
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(server_.config.header_timeout);
  while (true) {
    auto head = reader.read_head(input_);
    if (!head) co_return std::unexpected(Refusal{std::move(head.error())});
    if (*head) co_return std::move(**head);
    if (!co_await fill(left_until(end))) co_return std::unexpected(gone_or_slow());
  }
}

void HttpServerSession::apply_proxy(HttpRequest& request) const {
  // The last address is the one that the proxy itself has seen; those before it are the client's to invent.
  std::string_view last;
  for (const auto& [name, value] : request.headers.fields())
    if (same(name, "X-Forwarded-For")) last = value;
  if (const auto comma = last.rfind(','); comma != std::string_view::npos) last.remove_prefix(comma + 1);
  while (last.starts_with(' ')) last.remove_prefix(1);
  while (last.ends_with(' ')) last.remove_suffix(1);
  if (IpNetwork::parse(last) && !last.contains('/')) request.remote_address = plain_address(last);
  if (const auto proto = request.headers.find("X-Forwarded-Proto")) request.tls = same(*proto, "https");
}

auto HttpServerSession::read_body(HttpRequestReader& reader) -> Task<OrRefusal<void>> {
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(server_.config.body_timeout);
  if (input_.empty() && reader.expects_continue()) {
    if (!co_await connection_->write(as_bytes("HTTP/1.1 100 Continue\r\n\r\n"), server_.config.write_timeout))
      co_return std::unexpected(Refusal{});
  }
  while (true) {
    const auto done = reader.read_body(input_);
    if (!done) co_return std::unexpected(Refusal{done.error()});
    if (*done) co_return OrRefusal<void>();
    if (!co_await fill(left_until(end))) co_return std::unexpected(gone_or_slow());
  }
}

auto HttpServerSession::gone_or_slow() const -> Refusal {
  return timed_out_ ? Refusal{{408, "The request came too slowly"}} : Refusal{};
}

Task<bool> HttpServerSession::fill(Millis timeout) {
  const auto old = input_.size();
  input_.resize(old + kReadSize);
  const auto size = co_await connection_->read(MutableBytes(input_).subspan(old), timeout);
  input_.resize(old + size.value_or(0));
  timed_out_ = !size && size.error().code == Code::kTimeout;
  co_return size.has_value();
}

Task<HttpResponse> HttpServerSession::guarded(HttpRequest request) {
  try {
    co_return co_await server_.handler.handle(std::move(request));
  } catch (const boost::system::system_error& error) {
    if (error.code() == boost::asio::error::operation_aborted) throw;
    server_.loop.report("http session", error.what());
  } catch (const std::exception& error) {
    server_.loop.report("http session", error.what());
  }
  co_return server_.handler.error(500, "Something went wrong here");
}

Task<bool> HttpServerSession::write(HttpResponse response, bool head, bool close) {
  std::string first = http_head(response, close);
  std::string_view body = response.body_text();
  if (head || has_no_body(response.status)) body = {};
  if (body.size() <= kCoalesce) first += std::exchange(body, {});
  const auto timeout = server_.config.write_timeout;
  auto written = co_await connection_->write(as_bytes(first), timeout);
  if (written && !body.empty()) written = co_await connection_->write(as_bytes(body), timeout);
  co_return written.has_value() && !close;
}

}  // namespace bulla::net
