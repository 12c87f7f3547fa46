// Routes: which method and path is what, in one table.
#pragma once

#include <string>
#include <string_view>

#include "net/http_message.h"

namespace bulla::keyserver {

enum class Route {
  kServer,
  kHealth,
  kDirectory,
  kRegister,
  kEvents,
  kCode,
  kVerify,
  kRegistrationStart,
  kRegistrationFinish,
  kSessionStart,
  kSessionFinish,
  kSessionEnd,
  kLook,
  kDetails,
  kRelease,
};

// Who may ask.
enum class Access { kAnybody, kGateway, kSession };

struct RouteEntry {
  Route route;
  net::HttpMethod method;
  std::string_view pattern;  // "{id}" stands for one segment; for logs, too: it names nobody
  Access access;
  bool has_body;
};

struct RouteMatch {
  const RouteEntry* entry = nullptr;  // null: there is none
  std::string_view parameter;         // what stood for "{id}"; views the path
  std::string allow;                  // when the path exists for other methods: their names, for Allow
};

// find_route looks a request up. HEAD is served where GET is.
RouteMatch find_route(net::HttpMethod method, std::string_view path);

}  // namespace bulla::keyserver
