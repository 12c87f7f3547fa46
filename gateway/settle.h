// Settling: what becomes of claimed recipients once an attempt has ended.
#pragma once

#include "gateway/bounces.h"
#include "gateway/loaded.h"

namespace bulla::gateway {

enum class Ending {
  kNext,   // this stage is done: register → deliver → done
  kAgain,  // temporary failure; it becomes kFail when the message has waited too long
  kSoon,   // again at once, the first few times
  kFail,   // for good: the sender is told
};

struct Attempt {
  queue::Claim claim;
  Ending ending = Ending::kAgain;
  std::string status = "5.0.0";  // for the bounce
  std::string diagnostic;
};

// settle tells senders about failures, and then writes down where each recipient stands. The server share of whoever is
// registered leaves the record when the message has to wait for another delivery; mostly the whole message is gone by
// then. What could not be written is logged; see Queue::update(). Blocks on the disk. Returns where each stands.
std::vector<queue::Change> settle(const House& house, const Loaded& message, const std::vector<Attempt>& attempts);

}  // namespace bulla::gateway
