#include "assets/assets.h"

namespace bulla::assets {

std::span<const File> web_files();  // written by embed.py

std::span<const File> files() {
  return web_files();
}

std::optional<File> find(std::string_view path) {
  return find_in(web_files(), path);
}

}  // namespace bulla::assets
