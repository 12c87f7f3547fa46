#include "net/http_reader.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>

namespace bulla::net {
namespace {

namespace http = boost::beast::http;
using ErrorCode = boost::system::error_code;

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

// Gives a parser what has come, one step of its own; `rest` is then behind what it has used. The error is one that more
// bytes do not mend.
template <class Parser>
std::size_t put(Parser& parser, ByteView& rest, ErrorCode& error) {
  const auto used = parser.put(boost::asio::buffer(rest.data(), rest.size()), error);
  rest = rest.subspan(used);
  if (error == http::error::need_more) error = {};
  return used;
}

// Beast's own limit is for the start line and for the fields alone, or for both together, as the pieces want it. Ours
// is exact, and comes first.
template <class Parser>
void limit_header(Parser& parser, std::size_t max) {
  parser.header_limit(static_cast<std::uint32_t>(max + 16));
}

// Reads a head, exactly as far as it goes. Of its size `before` is what earlier calls have used. False: it is too long.
template <class Parser>
bool put_head(Parser& parser, ByteView& rest, std::size_t& before, std::size_t max, ErrorCode& error) {
  parser.eager(false);
  while (!rest.empty()) {
    const auto used = put(parser, rest, error);
    before += used;
    const bool done = parser.is_header_done();
    if (before + (done ? 0 : rest.size()) > max) return false;
    if (done || error || used == 0) break;
  }
  return true;
}

// Reads what there is of a body, chunk by chunk. False: what frames a chunk (its header, with the end of the chunk
// before), or the trailer, is too long. The parser takes these as a whole only, and has no limit for them.
template <class Parser>
bool put_body(Parser& parser, ByteView& rest, std::size_t max, ErrorCode& error) {
  // No end of chunks is shorter than "0", CRLF, CRLF, and the parser asserts that what it looks at again is as long.
  const std::size_t least = parser.chunked() ? 5 : 1;
  const auto& body = parser.get().body();
  while (!parser.is_done() && rest.size() >= least) {
    const auto before = body.size();
    const auto used = put(parser, rest, error);
    if (error) return true;
    if (used - (body.size() - before) > max) return false;
    if (used == 0 && !parser.is_done()) return rest.size() <= max;
  }
  return true;
}

// Takes off the front of the input all but the rest.
void leave(Bytes& input, std::size_t rest) {
  input.erase(input.begin(), input.end() - static_cast<std::ptrdiff_t>(rest));
}

}  // namespace

HttpRequestReader::HttpRequestReader(std::size_t max_header) : max_header_(max_header) {
  limit_header(parser_, max_header);
  parser_.body_limit(boost::none);  // what the handler allows is known after the head
}

std::expected<std::optional<HttpRequest>, HttpRefusal> HttpRequestReader::read_head(Bytes& input) {
  ErrorCode error;
  ByteView rest = input;
  const bool fits = put_head(parser_, rest, head_size_, max_header_, error);
  leave(input, rest.size());
  if (!fits) return std::unexpected(HttpRefusal{431, "The request's header is too long"});
  if (parser_.is_header_done()) return make_head();
  if (error) return std::unexpected(HttpRefusal{400, "This is not a valid HTTP request"});
  return std::nullopt;
}

// What Beast lets pass, and what two readers of the same bytes might understand differently (RFC 9112 §6.3, §11.2).
std::expected<HttpRequest, HttpRefusal> HttpRequestReader::make_head() const {
  const auto& message = parser_.get();
  const auto bad = [](const char* text) { return std::unexpected(HttpRefusal{400, text}); };
  if (message.version() != 11 && message.version() != 10) return std::unexpected(HttpRefusal{505, "HTTP/1.1, please"});
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
  if (!method) return std::unexpected(HttpRefusal{405, "This method is not supported"});
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
  return request;
}

std::expected<void, HttpRefusal> HttpRequestReader::limit_body(std::uint64_t limit) {
  if (parser_.content_length().value_or(0) > limit)
    return std::unexpected(HttpRefusal{413, "The request's body is too big"});
  max_body_ = limit;
  parser_.body_limit(limit);
  return {};
}

bool HttpRequestReader::expects_continue() const {
  return !parser_.is_done() && same(parser_.get()[http::field::expect], "100-continue");
}

std::expected<bool, HttpRefusal> HttpRequestReader::read_body(Bytes& input) {
  ErrorCode error;
  ByteView rest = input;
  const bool fits = put_body(parser_, rest, max_header_, error);
  leave(input, rest.size());
  if (error == http::error::body_limit || parser_.get().body().size() > max_body_)
    return std::unexpected(HttpRefusal{413, "The request's body is too big"});
  if (error || !fits) return std::unexpected(HttpRefusal{400, "The request's body is not valid"});
  return parser_.is_done();
}

HttpResponseReader::HttpResponseReader(bool head, std::size_t max_header, std::uint64_t max_body)
    : head_(head), max_header_(max_header), max_body_(max_body) {
  start();
}

void HttpResponseReader::start() {
  parser_.emplace();
  limit_header(*parser_, max_header_);
  parser_->body_limit(max_body_);
  parser_->skip(head_);
  head_size_ = 0;
}

Result<bool> HttpResponseReader::read(Bytes& input) {
  while (true) {
    BULLA_TRY(const bool done, read_one(input));
    if (!done || parser_->get().result_int() / 100 != 1) return done;
    start();
  }
}

Result<bool> HttpResponseReader::read_one(Bytes& input) {
  if (input.empty()) return parser_->is_done();
  ErrorCode error;
  ByteView rest = input;
  bool fits = true;
  if (!parser_->is_header_done()) fits = put_head(*parser_, rest, head_size_, max_header_, error);
  if (fits && !error && parser_->is_header_done()) fits = put_body(*parser_, rest, max_header_, error);
  leave(input, rest.size());
  if (error == http::error::body_limit)
    return fail(Code::kInvalid, "the response is larger than " + std::to_string(max_body_) + " bytes");
  if (error) return fail(Code::kInvalid, "the response is not HTTP: " + error.message());
  if (!fits) return fail(Code::kInvalid, "the response is not HTTP: a header without an end");
  return parser_->is_done();
}

bool HttpResponseReader::end() {
  if (!parser_->is_header_done()) return false;
  ErrorCode error;
  parser_->put_eof(error);
  return !error && parser_->is_done() && parser_->get().result_int() / 100 != 1;
}

HttpResponse HttpResponseReader::take() {
  HttpResponse response;
  auto& message = parser_->get();
  response.status = message.result_int();
  for (const auto& field : message)
    response.headers.try_add(std::string_view(field.name_string()), std::string_view(field.value()));
  response.body = to_string(message.body());
  return response;
}

}  // namespace bulla::net
