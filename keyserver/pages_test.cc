#include "keyserver/pages.h"

#include <gtest/gtest.h>

namespace bulla::keyserver {
namespace {

const std::vector<assets::File> kFiles = {
    {"portal/assets/app-1a2b.js", "text/javascript", "\"js\"", as_bytes("let a;")},
    {"portal/index.html", "text/html; charset=utf-8", "\"home\"", as_bytes("<p>home")},
    {"portal/open/index.html", "text/html; charset=utf-8", "\"open\"", as_bytes("<p>open")},
    {"portal/help.html", "text/html; charset=utf-8", "\"help\"", as_bytes("<p>help")},
    {"viewer/envelope.html", "text/html; charset=utf-8", "\"viewer\"", as_bytes("<p>viewer")},
};

std::optional<net::HttpResponse> get(const std::string& path, const std::string& if_none_match = {}) {
  net::HttpRequest request;
  request.path = path;
  if (!if_none_match.empty()) request.headers.set("If-None-Match", if_none_match);
  return Pages(kFiles).find(request);
}

TEST(PagesTest, ServesThePortal) {
  struct Row {
    const char* path;
    const char* body;
    const char* cache;
  };
  const Row rows[] = {{"/", "<p>home", "no-cache"},
                      {"/open", "<p>open", "no-cache"},
                      {"/help", "<p>help", "no-cache"},
                      {"/assets/app-1a2b.js", "let a;", "public, max-age=31536000, immutable"}};
  for (const auto& row : rows) {
    const auto response = get(row.path);
    ASSERT_TRUE(response) << row.path;
    EXPECT_EQ(response->status, 200u);
    EXPECT_EQ(response->body_text(), row.body);
    EXPECT_EQ(response->headers.find("Cache-Control"), row.cache) << row.path;
  }
}

TEST(PagesTest, ServesNothingElse) {
  for (const char* path : {"", "/index.html", "/open/", "/open/index.html", "/viewer/envelope.html", "/assets/",
                           "/assets/../index.html", "/envelope", "//"})
    EXPECT_FALSE(get(path)) << path;
}

TEST(PagesTest, EveryPageHasTheFieldsThatKeepItSafe) {
  for (const char* path : {"/", "/open", "/assets/app-1a2b.js"}) {
    const auto response = get(path);
    ASSERT_TRUE(response);
    // All of it, as doc/key-api.md has it: whoever adds a source must do so here as well.
    EXPECT_EQ(response->headers.find("Content-Security-Policy"),
              "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; "
              "font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
              "require-trusted-types-for 'script'; trusted-types bulla; worker-src 'self'");
    EXPECT_EQ(response->headers.find("Referrer-Policy"), "no-referrer");
    EXPECT_EQ(response->headers.find("X-Content-Type-Options"), "nosniff");
    // It would cut the tie to the envelope's page.
    EXPECT_FALSE(response->headers.find("Cross-Origin-Opener-Policy"));
  }
}

TEST(PagesTest, WhatIsNotThereIsSaidInTheHomePagesFrame) {
  const std::vector<assets::File> files = {
      {"portal/index.html", "text/html; charset=utf-8", "\"home\"", as_bytes("<head></head><main>home</main></body>")}};
  const auto response = Pages(files).not_found();
  EXPECT_EQ(response.status, 404u);
  EXPECT_EQ(response.headers.find("Content-Type"), "text/html; charset=utf-8");
  EXPECT_TRUE(response.headers.find("Content-Security-Policy"));
  const std::string text(response.body_text());
  EXPECT_TRUE(text.starts_with("<head></head><main><div class=\"card\"><h1>There is nothing here</h1>")) << text;
  EXPECT_TRUE(text.ends_with("</div></main></body>")) << text;
  // Without a home page it is there, too.
  EXPECT_NE(Pages({}).not_found().body_text().find("There is nothing here"), std::string_view::npos);
}

TEST(PagesTest, APageThatTheBrowserHasIsNotSentAgain) {
  const auto same = get("/open", "\"open\"");
  ASSERT_TRUE(same);
  EXPECT_EQ(same->status, 304u);
  EXPECT_EQ(same->body_text(), "");
  EXPECT_EQ(get("/open", "\"other\"")->status, 200u);
}

}  // namespace
}  // namespace bulla::keyserver
