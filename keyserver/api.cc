#include "keyserver/api.h"

#include "keyserver/requests.h"

namespace bulla::keyserver {
namespace {

// More requests than this do not wait for a worker: they are told to come again.
constexpr int kMaxBusy = 1000;

// Counted counts a request for as long as it is with the workers, however that ends.
class Counted {
 public:
  explicit Counted(int& count) : count_(count) { ++count_; }
  ~Counted() { --count_; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;

 private:
  int& count_;
};

net::HttpResponse no_method(const std::string& allow) {
  auto response = error_response(405, "method", "This address does not take that method.");
  response.headers.set("Allow", allow);
  return response;
}

net::HttpResponse busy() {
  keys::Problem problem(keys::ProblemCode::kUnavailable, "The key server is busy.", "Try again in a moment.");
  problem.retry_after = kSecond;
  return problem_response(problem);
}

std::string_view pattern_of(const RouteMatch& match, const Pages& pages, std::string_view path) {
  if (match.entry) return match.entry->pattern;
  return pages.has(path) ? "page" : "none";
}

// is_for_people says whether a browser asks for a page, and not a program for the API.
bool is_for_people(const net::HttpRequest& request) {
  if (request.path == "/v1" || request.path.starts_with("/v1/")) return false;
  return request.headers.find("Accept").value_or("").find("text/html") != std::string_view::npos;
}

}  // namespace

net::Task<net::HttpResponse> Api::handle(net::HttpRequest request) {
  const Millis began = clock_.now();
  const RouteMatch match = find_route(request.method, request.path);
  auto response = co_await respond(request, match);
  finish(request, match, response, began);
  co_return response;
}

void Api::finish(const net::HttpRequest& request, const RouteMatch& match, net::HttpResponse& response,
                 Millis began) const {
  if (request.tls) response.headers.set("Strict-Transport-Security", "max-age=63072000");
  log_.info("http.request", {{"method", net::method_name(request.method)},
                             {"route", pattern_of(match, pages_, request.path)},
                             {"status", response.status},
                             {"ms", clock_.now() - began},
                             {"network", keys::network_of(request.remote_address)}});
}

net::Task<net::HttpResponse> Api::respond(const net::HttpRequest& request, const RouteMatch& match) {
  if (!match.entry) {
    const bool reads = request.method == net::HttpMethod::kGet || request.method == net::HttpMethod::kHead;
    if (!match.allow.empty()) co_return no_method(match.allow);
    if (!pages_.has(request.path)) {
      if (reads && is_for_people(request)) co_return pages_.not_found();
      co_return error_response(404, "not-found", "There is nothing here.");
    }
    if (!reads) co_return no_method("GET, HEAD");
    co_return *pages_.find(request);
  }
  if (busy_ >= kMaxBusy) co_return busy();
  const Counted counted(busy_);
  // The lambda uses what this coroutine's caller owns; run() comes back only when it has returned.
  auto handled = co_await workers_.run([&] { return handlers_.handle(match, request); });
  if (!handled.cause.empty()) log_.error("http.failed", {{"route", match.entry->pattern}, {"reason", handled.cause}});
  co_return std::move(handled.response);
}

std::optional<net::HttpResponse> Api::refuse(const net::HttpRequest& head) {
  const auto match = find_route(head.method, head.path);
  auto refused = handlers_.refuse(match, head);
  if (refused) finish(head, match, *refused, clock_.now());
  return refused;
}

std::uint64_t Api::body_limit(const net::HttpRequest& head, std::uint64_t) {
  const auto match = find_route(head.method, head.path);
  return match.entry && match.entry->access == Access::kGateway ? kMaxGatewayBody : kMaxBody;
}

net::HttpResponse Api::error(unsigned status, std::string_view text) {
  switch (status) {
    case 405:
      return error_response(status, "method", text);
    case 413:
      return error_response(status, "too-large", text);
    case 503:
      return busy();
    case 500:
      return error_response(status, "internal", text);
    default:
      return error_response(status, "bad-request", text);
  }
}

}  // namespace bulla::keyserver
