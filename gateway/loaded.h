// Reading queued messages for those who work on them.
#pragma once

#include <optional>
#include <vector>

#include "gateway/house.h"
#include "gateway/record.h"

namespace bulla::gateway {

// Loaded is a message with those of its recipients that were claimed together.
struct Loaded {
  queue::MessageId id;
  Millis accepted = 0;
  Record record;
  std::vector<queue::Claim> claims;
};

// group puts claims of one message together, the oldest message first.
std::vector<std::vector<queue::Claim>> group(std::vector<queue::Claim> claims);

// load reads the record of claims of one message. Nothing, and a line in the log, when it cannot be read: if the disk
// does not answer it is tried later; a record that is damaged stays claimed, so that it is not tried again and again (a
// restart tries once more). Blocks on the disk.
std::optional<Loaded> load(const House& house, const std::vector<queue::Claim>& claims);

}  // namespace bulla::gateway
