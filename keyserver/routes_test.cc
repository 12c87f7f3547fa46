#include "keyserver/routes.h"

#include <gtest/gtest.h>

#include <set>

namespace bulla::keyserver {
namespace {

using net::HttpMethod;

TEST(RoutesTest, FindsWhatExists) {
  struct Row {
    HttpMethod method;
    const char* path;
    Route route;
    const char* parameter;
  };
  const Row rows[] = {
      {HttpMethod::kGet, "/v1/server", Route::kServer, ""},
      {HttpMethod::kHead, "/v1/server", Route::kServer, ""},
      {HttpMethod::kPost, "/v1/envelopes", Route::kRegister, ""},
      {HttpMethod::kGet, "/v1/envelopes/abc", Route::kDetails, "abc"},
      {HttpMethod::kPost, "/v1/envelopes/abc/release", Route::kRelease, "abc"},
      {HttpMethod::kDelete, "/v1/session", Route::kSessionEnd, ""},
      {HttpMethod::kPost, "/v1/session/start", Route::kSessionStart, ""},
  };
  for (const auto& row : rows) {
    const auto match = find_route(row.method, row.path);
    ASSERT_NE(match.entry, nullptr) << row.path;
    EXPECT_EQ(match.entry->route, row.route) << row.path;
    EXPECT_EQ(match.parameter, row.parameter) << row.path;
  }
}

TEST(RoutesTest, NamesTheMethodsOfAPath) {
  struct Row {
    HttpMethod method;
    const char* path;
    const char* allow;
  };
  const Row rows[] = {
      {HttpMethod::kPost, "/v1/server", "GET, HEAD"},
      {HttpMethod::kGet, "/v1/codes", "POST"},
      {HttpMethod::kHead, "/v1/codes", "POST"},
      {HttpMethod::kGet, "/v1/session", "DELETE"},
      {HttpMethod::kPut, "/v1/envelopes/abc", "GET, HEAD"},
      {HttpMethod::kGet, "/v1/envelopes/abc/release", "POST"},
  };
  for (const auto& row : rows) {
    const auto match = find_route(row.method, row.path);
    EXPECT_EQ(match.entry, nullptr) << row.path;
    EXPECT_EQ(match.allow, row.allow) << row.path;
  }
}

// Mail scanners follow links: what proves, opens or ends something is not there for GET and HEAD.
TEST(RoutesTest, FollowingALinkChangesNothing) {
  const std::set<Route> readable = {Route::kServer, Route::kHealth, Route::kEvents, Route::kDetails};
  for (const char* path :
       {"/v1/server", "/v1/health", "/v1/directory", "/v1/envelopes", "/v1/events", "/v1/codes", "/v1/codes/verify",
        "/v1/registration/start", "/v1/registration/finish", "/v1/session/start", "/v1/session/finish", "/v1/session",
        "/v1/opening/look", "/v1/envelopes/abc", "/v1/envelopes/abc/release"}) {
    bool found = false;
    for (const auto method : {HttpMethod::kGet, HttpMethod::kHead, HttpMethod::kPost, HttpMethod::kDelete}) {
      const auto match = find_route(method, path);
      if (!match.entry) continue;
      found = true;
      const bool reads = method == HttpMethod::kGet || method == HttpMethod::kHead;
      EXPECT_EQ(reads, readable.contains(match.entry->route)) << net::method_name(method) << " " << path;
    }
    EXPECT_TRUE(found) << path;
  }
}

TEST(RoutesTest, FindsNothingElse) {
  for (const char* path :
       {"", "/", "/v1", "/v1/", "/v1/server/", "/v1/Server", "/v2/server", "/v1/envelopes/", "/v1/envelopes//release",
        "/v1/envelopes/a/b", "/v1/envelopes/a/b/release", "/v1/envelopes/a/release/", "//v1/server", "/v1/%73erver"}) {
    const auto match = find_route(HttpMethod::kGet, path);
    EXPECT_EQ(match.entry, nullptr) << path;
    EXPECT_EQ(match.allow, "") << path;
  }
}

}  // namespace
}  // namespace bulla::keyserver
