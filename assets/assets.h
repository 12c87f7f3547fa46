// Assets: the built pages (viewer and portal), embedded into the programs, so that a program is one file.
//
//   if (const auto page = assets::find("portal/index.html")) respond(page->content_type, page->etag, page->bytes);
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "core/base/bytes.h"

namespace bulla::assets {

// File is one embedded file; it views memory that lives as long as the program.
struct File {
  std::string_view path;          // below build/web: "viewer/envelope.html", "portal/assets/app.js"
  std::string_view content_type;  // "text/html; charset=utf-8"
  std::string_view etag;          // a quoted digest of the bytes, for the ETag field (RFC 9110 §8.8.3)
  ByteView bytes;
};

// files are all embedded files, sorted by path.
std::span<const File> files();

// find returns the file with exactly this path. Nothing is normalised: no "..", no leading '/', no directory's index.
std::optional<File> find(std::string_view path);

// find_in is find over any sorted files.
std::optional<File> find_in(std::span<const File> files, std::string_view path);

}  // namespace bulla::assets
