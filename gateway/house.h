// House is what the parts of the gateway share while it runs. Loop's thread, except where a part goes to the workers.
#pragma once

#include "core/base/clock.h"
#include "gateway/backoff.h"
#include "gateway/keys.h"
#include "gateway/settings.h"
#include "net/loop.h"
#include "program/log.h"
#include "queue/queue.h"

namespace bulla::gateway {

struct House {
  const Settings& settings;
  const Keys& keys;
  queue::Queue& queue;
  net::Loop& loop;
  net::Workers& workers;
  Random& random;
  const Clock& clock;
  program::Log& log;

  Backoff backoff() const { return {settings.queue.retry_first, settings.queue.retry_max}; }
  bool expired(Millis accepted) const { return clock.now() > accepted + settings.queue.expires; }
  // try_later gives claims back whose attempt came to nothing by a fault of ours (no memory, a disk that does not
  // answer). Only in memory, so it works whatever else does not.
  void try_later(const std::vector<queue::Claim>& claims) const {
    for (const auto& claim : claims) queue.release(claim, clock.now() + settings.queue.retry_first);
  }
  // claim takes up to `limit` recipients of a stage who are due, or would have to wait longer than any wait is.
  std::vector<queue::Claim> claim(queue::Stage stage, std::size_t limit) const;
};

// log_hash stands for an envelope id in logs: whoever knows the id may ask the key server about the message, so logs
// have a keyed hash of it, 16 hexadecimal digits.
std::string log_hash(const Keys& keys, std::string_view envelope_id);

}  // namespace bulla::gateway
