// SessionHost: what servers of all protocols have in common: listeners, the sessions of their connections, and the way
// to an end. Inside of net/ only.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "net/connection.h"
#include "net/loop.h"

namespace bulla::net {

// HostedSession is a session as its host sees it.
class HostedSession {
 public:
  // wake_if_idle ends the wait for the peer's next wish, so that the session sees that its host is draining.
  virtual void wake_if_idle() = 0;

 protected:
  ~HostedSession() = default;
};

// SessionHost is a base of the servers' states. Loop's thread only. Its tasks use it: what they are made of holds a
// shared pointer to the state.
struct SessionHost {
  explicit SessionHost(Loop& l) : loop(l), sessions(l), turning_away(l) {}

  // listen binds, and hands connections to `accept` until stop_listening(); returns where it listens. `name` is the
  // task's, for reports.
  Result<Endpoint> listen(const Endpoint& endpoint, std::string name, Listener::Handler accept);
  void stop_listening();
  // drain lets sessions finish what they have begun, at most `deadline` long, and then cancels them: true if all ended
  // by themselves. The caller keeps the host alive.
  Task<bool> drain(Millis deadline);

  Loop& loop;
  TaskGroup sessions;
  TaskGroup turning_away;
  std::vector<std::shared_ptr<Listener>> listeners;
  std::set<HostedSession*> open;
  AddressCount count;
  bool draining = false;
};

}  // namespace bulla::net
