// The data block of an HTML file (envelope-format §7): what anybody can see. Not signed. Native only (Boost.JSON).
#pragma once

#include "core/envelope/manifest.h"

namespace bulla::envelope {

struct DataBlock {
  EnvelopeId id;
  std::string origin;  // the key server's, "https://keys.example.com"
  Organisation organisation;
  Mailbox from;
  std::string to;  // this copy's recipient
  Millis date = 0;
  std::uint64_t size = 0;  // of the payload
};

// data_block_json writes ASCII without '<', '>' and '&', in lines under 998 characters.
std::string data_block_json(const DataBlock& block);
// parse_data_block: kInvalid for malformed JSON, duplicate names, wrong types.
Result<DataBlock> parse_data_block(std::string_view json);

}  // namespace bulla::envelope
