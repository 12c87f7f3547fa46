#include <algorithm>

#include "assets/assets.h"

namespace bulla::assets {

std::optional<File> find_in(std::span<const File> files, std::string_view path) {
  const auto found = std::ranges::lower_bound(files, path, {}, &File::path);
  if (found == files.end() || found->path != path) return std::nullopt;
  return *found;
}

}  // namespace bulla::assets
