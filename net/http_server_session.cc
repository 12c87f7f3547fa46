#include "net/http_server_session.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/status.hpp>
#include <chrono>
#include <ctime>

namespace bulla::net {
namespace {

namespace http = boost::beast::http;
using ErrorCode = boost::system::error_code;

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

std::optional<HttpMethod> method_of(http::verb verb) {
  switch (verb) {
    case http::verb::get:
      return HttpMethod::kGet;
    case http::verb::head:
      return HttpMethod::kHead;
    case http::verb::post:
      return HttpMethod::kPost;
    case http::verb::put:
      return HttpMethod::kPut;
    case http::verb::delete_:
      return HttpMethod::kDelete;
    default:
      return std::nullopt;
  }
}

bool is_target(std::string_view text) {
  return text.starts_with('/') && std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f && c != '#'; });
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
    if (refusal.status == 0 && !refusal.response) co_return false;
    ++server_.stats.refused;
    if (!refusal.response) refusal.response = server_.handler.error(refusal.status, refusal.text);
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
  Parser parser;
  parser.header_limit(static_cast<std::uint32_t>(server_.config.max_header));
  parser.body_limit(boost::none);  // what the handler allows is known after the header
  auto header = co_await read_header(parser);
  if (!header) co_return std::unexpected(std::move(header.error()));
  auto request = make_head(parser);
  if (!request) co_return std::unexpected(std::move(request.error()));
  if (!parser.keep_alive()) keep_alive_ = false;
  if (auto refused = server_.handler.refuse(*request)) co_return std::unexpected(Refusal{0, {}, std::move(refused)});
  auto body = co_await read_body(parser, server_.handler.body_limit(*request, server_.config.max_body));
  if (!body) co_return std::unexpected(std::move(body.error()));
  request->body = std::move(parser.get().body());
  co_return std::move(*request);
}

auto HttpServerSession::read_header(Parser& parser) -> Task<OrRefusal<void>> {
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(server_.config.header_timeout);
  while (true) {
    ErrorCode error;
    const auto used = parser.put(boost::asio::buffer(input_), error);
    input_.erase(input_.begin(), input_.begin() + static_cast<std::ptrdiff_t>(used));
    if (parser.is_header_done()) co_return OrRefusal<void>();
    if (error == http::error::header_limit ||
        (error == http::error::need_more && input_.size() > server_.config.max_header))
      co_return std::unexpected(Refusal{431, "The request's header is too long"});
    if (error && error != http::error::need_more)
      co_return std::unexpected(Refusal{400, "This is not a valid HTTP request"});
    if (!co_await fill(left_until(end)))
      co_return std::unexpected(timed_out_ ? Refusal{408, "The request came too slowly"} : Refusal{});
  }
}

// What Beast lets pass, and what two readers of the same bytes might understand differently (RFC 9112 §6.3, §11.2).
auto HttpServerSession::make_head(const Parser& parser) const -> OrRefusal<HttpRequest> {
  const auto& message = parser.get();
  const auto bad = [](const char* text) { return std::unexpected(Refusal{400, text}); };
  if (message.version() != 11 && message.version() != 10) return std::unexpected(Refusal{505, "HTTP/1.1, please"});
  const auto lengths = message.count(http::field::content_length);
  const auto codings = message.count(http::field::transfer_encoding);
  const std::string_view length = message[http::field::content_length];
  if (lengths + codings > 1 || !std::ranges::all_of(length, [](char c) { return c >= '0' && c <= '9'; }))
    return bad("The request does not say clearly how long it is");
  if (codings == 1 && (message.version() != 11 || !same(message[http::field::transfer_encoding], "chunked")))
    return bad("This transfer coding is not supported");
  if (message.count(http::field::host) > 1 || (message.version() == 11 && message.count(http::field::host) == 0))
    return bad("The request must have one Host field");
  const auto method = method_of(message.method());
  if (!method) return std::unexpected(Refusal{405, "This method is not supported"});
  HttpRequest request;
  request.method = *method;
  request.target = message.target();
  if (!is_target(request.target)) return bad("The request's target must be a path");
  const auto question = request.target.find('?');
  request.path = request.target.substr(0, question);
  if (question != std::string::npos) request.query = request.target.substr(question + 1);
  for (const auto& field : message)
    if (!request.headers.try_add(std::string_view(field.name_string()), std::string_view(field.value())))
      return bad("The request has a field that is not valid");
  request.remote_address = peer_;
  request.tls = connection_->tls();
  if (server_.trusted(peer_)) apply_proxy(request);
  return request;
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

auto HttpServerSession::read_body(Parser& parser, std::uint64_t limit) -> Task<OrRefusal<void>> {
  const Refusal too_big{413, "The request's body is too big"};
  if (parser.content_length().value_or(0) > limit) co_return std::unexpected(too_big);
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(server_.config.body_timeout);
  if (!parser.is_done() && input_.empty() && same(parser.get()[http::field::expect], "100-continue")) {
    if (!co_await connection_->write(as_bytes("HTTP/1.1 100 Continue\r\n\r\n"), server_.config.write_timeout))
      co_return std::unexpected(Refusal{});
  }
  parser.body_limit(limit);
  parser.eager(true);
  while (!parser.is_done()) {
    ErrorCode error;
    const auto used = parser.put(boost::asio::buffer(input_), error);
    input_.erase(input_.begin(), input_.begin() + static_cast<std::ptrdiff_t>(used));
    if (error == http::error::body_limit || parser.get().body().size() > limit) co_return std::unexpected(too_big);
    if (error && error != http::error::need_more)
      co_return std::unexpected(Refusal{400, "The request's body is not valid"});
    if (parser.is_done()) break;
    // A chunk's header or the trailer, which must be there as a whole to be read.
    if (input_.size() > server_.config.max_header)
      co_return std::unexpected(Refusal{400, "The request's body is not valid"});
    if (used > 0 && !input_.empty()) continue;
    if (!co_await fill(left_until(end)))
      co_return std::unexpected(timed_out_ ? Refusal{408, "The request came too slowly"} : Refusal{});
  }
  co_return OrRefusal<void>();
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
