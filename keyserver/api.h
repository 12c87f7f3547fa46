// Api: what the HTTP server asks: pages from memory, everything else by the handlers on worker threads. Each request is
// one line in the log, with the route's pattern instead of its path, and the network instead of the address.
#pragma once

#include "keyserver/handlers.h"
#include "keyserver/pages.h"
#include "net/http_server.h"
#include "program/log.h"

namespace bulla::keyserver {

class Api final : public net::HttpHandler {
 public:
  // All of it must outlive the server.
  Api(const Handlers& handlers, const Pages& pages, net::Workers& workers, const Clock& clock, program::Log& log)
      : handlers_(handlers), pages_(pages), workers_(workers), clock_(clock), log_(log) {}

  net::Task<net::HttpResponse> handle(net::HttpRequest request) override;
  // Whoever has no gateway's token is told so before the large body of a gateway's request is read.
  std::optional<net::HttpResponse> refuse(const net::HttpRequest& head) override;
  std::uint64_t body_limit(const net::HttpRequest& head, std::uint64_t standard) override;
  net::HttpResponse error(unsigned status, std::string_view text) override;

 private:
  net::Task<net::HttpResponse> respond(const net::HttpRequest& request, const RouteMatch& match);
  // finish adds what every response has, and writes the line of the log.
  void finish(const net::HttpRequest& request, const RouteMatch& match, net::HttpResponse& response,
              Millis began) const;

  const Handlers& handlers_;
  const Pages& pages_;
  net::Workers& workers_;
  const Clock& clock_;
  program::Log& log_;
  int busy_ = 0;  // requests that are with the workers
};

}  // namespace bulla::keyserver
