// For tests: a key server whose build has no pages.
#include "assets/assets.h"

namespace bulla::assets {

std::span<const File> files() {
  return {};
}

}  // namespace bulla::assets
