// Pages: the portal's files, with the fields that keep them safe (doc/key-api.md, Pages).
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>

#include "assets/assets.h"
#include "net/http_message.h"

namespace bulla::keyserver {

class Pages {
 public:
  // `files` are the built pages; those below "portal/" are served.
  explicit Pages(std::span<const assets::File> files);

  // find returns the answer to GET of this path; no value if there is no such page.
  std::optional<net::HttpResponse> find(const net::HttpRequest& request) const;
  // not_found is the answer to a browser that asks for an address where there is nothing, in the portal's style.
  net::HttpResponse not_found() const;
  bool has(std::string_view path) const { return pages_.contains(std::string(path)); }

 private:
  struct Page {
    std::string content_type;
    std::string etag;
    bool immutable = false;  // its name holds a hash of its content
    std::shared_ptr<const std::string> bytes;
  };
  std::map<std::string, Page> pages_;
  std::shared_ptr<const std::string> not_found_;
};

}  // namespace bulla::keyserver
