// Schedule: who is due when, in memory. The part that all queues share.
#pragma once

#include <map>
#include <mutex>
#include <set>
#include <tuple>

#include "queue/queue.h"

namespace bulla::queue {

// Threads: any number.
class Schedule {
 public:
  void add(const MessageId& id, Millis accepted, std::vector<Step> steps);
  std::vector<Claim> claim(Stage stage, Millis now, std::size_t limit);
  void hasten(Stage stage, Millis now, Millis longest);
  std::optional<Millis> next_due(Stage stage) const;
  void release(const Claim& claim, Millis next);
  // apply sets new steps and gives the claims back. False: there is no such message or recipient; nothing is changed.
  bool apply(const MessageId& id, std::span<const Change> changes);
  // steps are those of a message now; empty when there is none.
  std::vector<Step> steps(const MessageId& id) const;
  bool all_done(const MessageId& id) const;
  void remove(const MessageId& id);
  Stats stats() const;

 private:
  struct Recipient {
    Step step;
    bool claimed = false;
  };
  struct Message {
    Millis accepted = 0;
    std::vector<Recipient> recipients;
  };
  using Due = std::set<std::tuple<Millis, MessageId, std::uint32_t>>;
  // due is the set of those who wait for this stage: neither done nor claimed.
  const Due& due(Stage stage) const { return stage == Stage::kRegister ? to_register_ : to_deliver_; }
  Due& due(Stage stage) { return stage == Stage::kRegister ? to_register_ : to_deliver_; }
  void enter(const MessageId& id, std::uint32_t index, const Recipient& recipient);
  void leave(const MessageId& id, std::uint32_t index, const Recipient& recipient);

  mutable std::mutex mutex_;
  std::map<MessageId, Message> messages_;
  Due to_register_;
  Due to_deliver_;
  Stats stats_;
};

}  // namespace bulla::queue
