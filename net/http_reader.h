// HTTP/1.1 messages (RFC 9112) out of bytes, in whatever pieces they come, with bounds on everything: what HttpServer
// and HttpClient read. No I/O and no time here. Inside of net/ only.
//
// Readers take what they have understood off the front of the input; what they leave there belongs to the next call,
// with more bytes behind it.
#pragma once

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/vector_body.hpp>
#include <expected>
#include <optional>
#include <string>

#include "core/base/result.h"
#include "net/http_message.h"

namespace bulla::net {

// HttpRefusal is how a server answers what is no request: for HttpHandler::error().
struct HttpRefusal {
  unsigned status = 0;
  std::string text;
};

// HttpRequestReader reads one request: first its head, then its body.
class HttpRequestReader {
 public:
  // `max_header` is the size of request line and fields together, and of each chunk's header and of the trailer.
  explicit HttpRequestReader(std::size_t max_header);

  // read_head gives the request without its body (nor who asks), or nothing when more bytes are needed. Refused is what
  // two readers of the same bytes might understand differently.
  std::expected<std::optional<HttpRequest>, HttpRefusal> read_head(Bytes& input);

  // Once there is a head:
  bool keep_alive() const { return parser_.keep_alive(); }
  // limit_body says how long the body may be; refused if it says itself that it is longer.
  std::expected<void, HttpRefusal> limit_body(std::uint64_t limit);
  // The client waits for 100 Continue.
  bool expects_continue() const;
  // read_body: true once the body is complete, which may need no bytes at all.
  std::expected<bool, HttpRefusal> read_body(Bytes& input);
  Bytes take_body() { return std::move(parser_.get().body()); }

 private:
  std::expected<HttpRequest, HttpRefusal> make_head() const;
  boost::beast::http::request_parser<boost::beast::http::vector_body<std::uint8_t>> parser_;
  std::size_t max_header_;
  std::size_t head_size_ = 0;
  std::uint64_t max_body_ = 0;
};

// HttpResponseReader reads the answer to one request; 100 Continue and the like are passed over.
class HttpResponseReader {
 public:
  // `head`: the request was HEAD, and its answer has no body.
  HttpResponseReader(bool head, std::size_t max_header, std::uint64_t max_body);

  // read: true once the response is complete. kInvalid: it is no HTTP, or too large.
  Result<bool> read(Bytes& input);
  // end is called when no more bytes will come: true if that is how this response ends.
  bool end();

  // Once it is complete:
  bool keep_alive() const { return parser_->keep_alive(); }
  HttpResponse take();

 private:
  using Parser = boost::beast::http::response_parser<boost::beast::http::vector_body<std::uint8_t>>;
  void start();
  Result<bool> read_one(Bytes& input);
  bool head_;
  std::size_t max_header_;
  std::uint64_t max_body_;
  std::size_t head_size_ = 0;
  std::optional<Parser> parser_;
};

}  // namespace bulla::net
