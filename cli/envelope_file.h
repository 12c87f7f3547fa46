// EnvelopeFile: an envelope as somebody has it on the disk: the HTML file, a mail that holds it, or the bare age file.
#pragma once

#include <filesystem>
#include <optional>

#include "core/envelope/data_block.h"

namespace bulla::cli {

// No file is larger: 1 GiB. It is held in memory, since nothing may be used before all of it has been checked.
constexpr std::size_t kMaxEnvelopeFile = std::size_t{1} << 30;

struct EnvelopeFile {
  envelope::EnvelopeId id;                  // as the sealed file's stanza says
  std::optional<envelope::DataBlock> data;  // what the HTML says about itself, unsigned; absent in a bare age file
  Bytes file;                               // the age file: header ‖ payload
};

// parse_envelope_file tells the three forms apart by their content. kInvalid or kNotFound when it is none of them, or
// when data block and sealed file are of different envelopes.
Result<EnvelopeFile> parse_envelope_file(ByteView bytes);

// read_envelope_file reads it from the disk.
Result<EnvelopeFile> read_envelope_file(const std::filesystem::path& path);

}  // namespace bulla::cli
