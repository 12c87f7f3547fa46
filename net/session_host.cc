#include "net/session_host.h"

namespace bulla::net {

Result<Endpoint> SessionHost::listen(const Endpoint& endpoint, std::string name, Listener::Handler accept) {
  BULLA_TRY(auto listener, Listener::open(loop, endpoint));
  listeners.push_back(listener);
  // The task holds the listener: a coroutine's own parameters live as long as it does.
  sessions.spawn(std::move(name), [](std::shared_ptr<Listener> l, Listener::Handler handler) -> Task<> {
    co_await l->run(std::move(handler));
  }(listener, std::move(accept)));
  return listener->local();
}

void SessionHost::stop_listening() {
  for (auto& listener : listeners) listener->close();
}

Task<bool> SessionHost::drain(Millis deadline) {
  draining = true;
  stop_listening();
  for (auto* session : open) session->wake_if_idle();
  const bool all = co_await sessions.wait_empty(deadline);
  if (!all) {
    sessions.cancel();
    co_await sessions.wait_empty(kSecond);
  }
  co_return all;
}

}  // namespace bulla::net
