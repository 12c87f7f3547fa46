#include "keyserver/routes.h"

#include <array>
#include <optional>

namespace bulla::keyserver {
namespace {

using net::HttpMethod;

constexpr std::array kRoutes = {
    RouteEntry{Route::kServer, HttpMethod::kGet, "/v1/server", Access::kAnybody, false},
    RouteEntry{Route::kHealth, HttpMethod::kGet, "/v1/health", Access::kAnybody, false},
    RouteEntry{Route::kDirectory, HttpMethod::kPost, "/v1/directory", Access::kGateway, true},
    RouteEntry{Route::kRegister, HttpMethod::kPost, "/v1/envelopes", Access::kGateway, true},
    RouteEntry{Route::kEvents, HttpMethod::kGet, "/v1/events", Access::kGateway, false},
    RouteEntry{Route::kCode, HttpMethod::kPost, "/v1/codes", Access::kAnybody, true},
    RouteEntry{Route::kVerify, HttpMethod::kPost, "/v1/codes/verify", Access::kAnybody, true},
    RouteEntry{Route::kRegistrationStart, HttpMethod::kPost, "/v1/registration/start", Access::kAnybody, true},
    RouteEntry{Route::kRegistrationFinish, HttpMethod::kPost, "/v1/registration/finish", Access::kAnybody, true},
    RouteEntry{Route::kSessionStart, HttpMethod::kPost, "/v1/session/start", Access::kAnybody, true},
    RouteEntry{Route::kSessionFinish, HttpMethod::kPost, "/v1/session/finish", Access::kAnybody, true},
    RouteEntry{Route::kSessionEnd, HttpMethod::kDelete, "/v1/session", Access::kSession, false},
    RouteEntry{Route::kLook, HttpMethod::kPost, "/v1/opening/look", Access::kAnybody, true},
    RouteEntry{Route::kDetails, HttpMethod::kGet, "/v1/envelopes/{id}", Access::kSession, false},
    RouteEntry{Route::kRelease, HttpMethod::kPost, "/v1/envelopes/{id}/release", Access::kSession, true},
};

// match compares a path with a pattern: what stands for "{id}" (empty if the pattern has none), or nothing.
std::optional<std::string_view> match(std::string_view pattern, std::string_view path) {
  constexpr std::string_view kParameter = "{id}";
  const auto at = pattern.find(kParameter);
  if (at == std::string_view::npos) return pattern == path ? std::optional(std::string_view()) : std::nullopt;
  const auto before = pattern.substr(0, at);
  const auto after = pattern.substr(at + kParameter.size());
  if (path.size() <= before.size() + after.size() || !path.starts_with(before) || !path.ends_with(after))
    return std::nullopt;
  const auto parameter = path.substr(before.size(), path.size() - before.size() - after.size());
  return parameter.find('/') == std::string_view::npos ? std::optional(parameter) : std::nullopt;
}

}  // namespace

RouteMatch find_route(HttpMethod method, std::string_view path) {
  const auto wanted = method == HttpMethod::kHead ? HttpMethod::kGet : method;
  RouteMatch out;
  for (const auto& entry : kRoutes) {
    const auto parameter = match(entry.pattern, path);
    if (!parameter) continue;
    if (entry.method == wanted) return {&entry, *parameter, {}};
    if (!out.allow.empty()) out.allow += ", ";
    out.allow += entry.method == HttpMethod::kGet ? "GET, HEAD" : net::method_name(entry.method);
  }
  return out;
}

}  // namespace bulla::keyserver
