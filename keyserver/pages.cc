#include "keyserver/pages.h"

namespace bulla::keyserver {
namespace {

constexpr std::string_view kPolicy =
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; font-src "
    "'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types bulla; worker-src 'self'";

// url_of is where a file of the build is served: index.html at its folder, other pages without ".html".
std::string url_of(std::string_view path) {
  std::string url = "/" + std::string(path);
  for (const std::string_view ending : {"/index.html", ".html"}) {
    if (!url.ends_with(ending)) continue;
    url.resize(url.size() - ending.size());
    return url.empty() ? "/" : url;
  }
  return url;
}

constexpr std::string_view kNothingHere =
    "<div class=\"card\"><h1>There is nothing here</h1>"
    "<p>The address is not complete, or not right.</p>"
    "<p><a href=\"/\">How to open a secure message</a></p></div>";

// with_content is a page with another content between its frame: what stands before and after <main>...</main>.
std::string with_content(std::string_view page, std::string_view content) {
  constexpr std::string_view kStart = "<main>";
  const auto start = page.find(kStart);
  const auto end = page.find("</main>");
  if (start == page.npos || end == page.npos || end < start) return "<!doctype html>" + std::string(content);
  return std::string(page.substr(0, start + kStart.size())).append(content).append(page.substr(end));
}

void set_safety(net::HttpHeaders& headers) {
  headers.set("Content-Security-Policy", kPolicy);
  headers.set("Referrer-Policy", "no-referrer");
  headers.set("X-Content-Type-Options", "nosniff");
}

}  // namespace

Pages::Pages(std::span<const assets::File> files) {
  constexpr std::string_view kFolder = "portal/";
  for (const auto& file : files) {
    if (!file.path.starts_with(kFolder)) continue;
    const auto path = file.path.substr(kFolder.size());
    Page page{std::string(file.content_type), std::string(file.etag), path.starts_with("assets/"),
              std::make_shared<const std::string>(as_text(file.bytes))};
    pages_.emplace(url_of(path), std::move(page));
  }
  const auto home = pages_.find("/");
  not_found_ = std::make_shared<const std::string>(
      with_content(home != pages_.end() ? *home->second.bytes : std::string(), kNothingHere));
}

net::HttpResponse Pages::not_found() const {
  net::HttpResponse response;
  response.status = 404;
  response.headers.set("Content-Type", "text/html; charset=utf-8");
  response.headers.set("Cache-Control", "no-store");
  set_safety(response.headers);
  response.shared_body = not_found_;
  return response;
}

std::optional<net::HttpResponse> Pages::find(const net::HttpRequest& request) const {
  const auto found = pages_.find(request.path);
  if (found == pages_.end()) return std::nullopt;
  const Page& page = found->second;
  net::HttpResponse response;
  auto& headers = response.headers;
  headers.set("Content-Type", page.content_type);
  headers.set("ETag", page.etag);
  headers.set("Cache-Control", page.immutable ? "public, max-age=31536000, immutable" : "no-cache");
  set_safety(headers);
  if (request.headers.find("If-None-Match") == page.etag) {
    response.status = 304;
    headers.remove("Content-Type");
  } else {
    response.shared_body = page.bytes;
  }
  return response;
}

}  // namespace bulla::keyserver
