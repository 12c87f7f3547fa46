// Handlers: the HTTP API without HTTP: a matched request in, a response out. Blocks on the store, so it runs on a
// worker's thread; any number of threads may call it.
#pragma once

#include <functional>

#include "keys/accounts.h"
#include "keys/codes.h"
#include "keys/opening.h"
#include "keys/registering.h"
#include "keys/sign_in.h"
#include "keyserver/answers.h"
#include "keyserver/routes.h"

namespace bulla::keyserver {

struct Handled {
  net::HttpResponse response;
  std::string cause;  // what went wrong inside, for the log; empty otherwise
};

class Handlers {
 public:
  // `mail_waiting` is called, from any thread, when a mail was put into the outbox.
  Handlers(const keys::World& world, std::string version, std::string origin, std::function<void()> mail_waiting);

  Handled handle(const RouteMatch& match, const net::HttpRequest& request) const;
  // refuse answers a request with a gateway's body that does not come from a gateway; the header tells. It does not
  // block, and may be called from any thread.
  std::optional<net::HttpResponse> refuse(const RouteMatch& match, const net::HttpRequest& head) const;

 private:
  using Reply = keys::Answer<net::HttpResponse>;

  Reply answer(const RouteMatch& match, const net::HttpRequest& request) const;
  Reply anybody(Route route, const net::HttpRequest& request) const;
  Reply signing_in(Route route, const net::HttpRequest& request, const keys::Asker& asker) const;
  Reply gateway(Route route, const net::HttpRequest& request) const;
  Reply session(const RouteMatch& match, const net::HttpRequest& request) const;
  ServerFacts facts() const;

  keys::World world_;
  std::string version_;
  std::string origin_;
  std::function<void()> mail_waiting_;
  mutable keys::Codes codes_;
  keys::Accounts accounts_;
  keys::SignIn sign_in_;
  keys::Sessions sessions_;
  keys::Opening opening_;
  keys::Registering registering_;
};

}  // namespace bulla::keyserver
