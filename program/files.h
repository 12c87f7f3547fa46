// Files: reading the small files that a program is configured by.
#pragma once

#include <cstddef>
#include <filesystem>

#include "core/base/bytes.h"
#include "core/base/result.h"

namespace bulla::program {

enum class Privacy { kAny, kOwnerOnly };

// read_small_file reads a regular file of at most `max_size` bytes. With kOwnerOnly, a file that its group or others
// may read or write is refused, with the chmod that mends it as the hint. The caller wipes the bytes if they are
// secret.
Result<Bytes> read_small_file(const std::filesystem::path& file, std::size_t max_size, Privacy privacy = Privacy::kAny);

}  // namespace bulla::program
