// HTTP requests and responses as values, for server and client alike.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"

namespace bulla::net {

enum class HttpMethod : std::uint8_t { kGet, kHead, kPost, kPut, kDelete };
// "GET", ...
std::string_view method_name(HttpMethod method);

// HttpHeaders keeps fields in order; names are compared without regard to case.
class HttpHeaders {
 public:
  struct Field {
    std::string name;
    std::string value;
  };

  // find returns the value of the first field of that name, or nothing.
  std::optional<std::string_view> find(std::string_view name) const;
  // add appends a field; set replaces all of that name. Text with control characters (a line end!) is a bug and aborts.
  void add(std::string_view name, std::string_view value);
  void set(std::string_view name, std::string_view value);
  // try_add is add() for what comes from outside: false, and nothing added, for such text.
  bool try_add(std::string_view name, std::string_view value);
  void remove(std::string_view name);
  const std::vector<Field>& fields() const { return fields_; }

 private:
  std::vector<Field> fields_;
};

struct HttpRequest {
  HttpMethod method = HttpMethod::kGet;
  std::string target;  // as it came: path and query
  std::string path;    // the target's path, percent-encoding left as it is
  std::string query;   // without "?"; empty if there is none
  HttpHeaders headers;
  Bytes body;
  // Who asks: the peer's IP address, or what a trusted proxy said in X-Forwarded-For.
  std::string remote_address;
  bool tls = false;  // the connection is TLS here, or a trusted proxy said so in X-Forwarded-Proto

  std::string_view body_text() const { return as_text(body); }
};

struct HttpResponse {
  unsigned status = 200;
  HttpHeaders headers;  // Content-Length, Connection and Date are added by the server
  std::string body;
  // When set, sent instead of `body`, without a copy: for files that are kept in memory.
  std::shared_ptr<const std::string> shared_body;

  std::string_view body_text() const { return shared_body ? std::string_view(*shared_body) : std::string_view(body); }
};

// http_response makes a response with a content type, and a body of that type.
HttpResponse http_response(unsigned status, std::string_view content_type, std::string body);

// percent_decode decodes %XX, and with `form` also '+' to a space; nothing for a broken escape.
std::optional<std::string> percent_decode(std::string_view text, bool form = false);
// query_value finds a parameter of a query ("a=1&b=2") and decodes it; nothing if it is absent or broken.
std::optional<std::string> query_value(std::string_view query, std::string_view name);

}  // namespace bulla::net
