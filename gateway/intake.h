// Intake takes a message in: policy, sealing, queue. What it answers is what the client gets.
//
// Fail closed: a recipient for whom policy wants a message sealed is either in the queue with an envelope of its own,
// or the whole message is refused. There is no path from an error to the queue.
#pragma once

#include <memory>
#include <mutex>

#include "core/base/clock.h"
#include "gateway/keys.h"
#include "gateway/record.h"
#include "gateway/settings.h"
#include "policy/policy.h"
#include "queue/queue.h"
#include "smtp/reply.h"
#include "smtp/server_session.h"

namespace bulla::gateway {

// What the transport knows about a message.
struct Arrival {
  smtp::Envelope envelope;
  std::string peer;  // IP address
};

struct IntakeResult {
  smtp::Reply reply;
  // For the log.
  std::string sealed_id;  // queue ids; "" when nothing was queued in that form
  std::string passed_id;
  std::string envelope;    // keyed hash of the envelope's id
  std::size_t sealed = 0;  // recipients
  std::size_t passed = 0;
  std::string reason;  // policy's, for the first recipient; or of the refusal
};

// Threads: take() may run on any number at once.
class Intake {
 public:
  // Everything that is passed by reference must outlive it.
  Intake(const Settings& settings, const Keys& keys, queue::Queue& queue, Random& random, const Clock& clock);

  // take decides over a whole message (CRLF line ends). A 250 means that it is durable. It takes the CPU and the disk.
  IntakeResult take(const Arrival& arrival, const Secret& message);
  // set_rules changes policy for messages that come from now on; at first it is the settings'.
  void set_rules(policy::Rules rules);

 private:
  struct Plan;
  std::shared_ptr<const policy::Rules> rules() const;
  Result<Plan> plan(const Arrival& arrival, ByteView message, IntakeResult& out) const;
  Result<> queue_all(const Arrival& arrival, ByteView message, const Plan& plan, IntakeResult& out);
  Result<std::unique_ptr<queue::Draft>> seal(ByteView message, const Plan& plan, Record& record);
  Result<std::unique_ptr<queue::Draft>> pass(ByteView message, const std::vector<smtp::Mailbox>& recipients,
                                             Record& record);
  Result<> add_copies(ByteView file_key, const std::string& id, const std::vector<smtp::Mailbox>& recipients,
                      Record& record);
  std::string outer_subject(const std::string& field, const std::string& decoded, const policy::Rules& rules) const;
  std::string trace(const Arrival& arrival, const std::string& queue_id) const;

  const Settings& settings_;
  const Keys& keys_;
  queue::Queue& queue_;
  Random& random_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  std::shared_ptr<const policy::Rules> rules_;
};

// reply_for chooses the reply to an error that kept a message from being taken: temporary, unless trying again does not
// help.
smtp::Reply reply_for(const Error& error);

}  // namespace bulla::gateway
