// Server: the whole key server of one configuration: keys, store, API, pages, outbox, housekeeping, wired together.
#pragma once

#include <functional>
#include <memory>
#include <span>

#include "assets/assets.h"
#include "keyserver/settings.h"
#include "program/log.h"

namespace bulla::keyserver {

class Server {
 public:
  // check reads the certificates that the settings name, and changes nothing.
  static Result<> check(const Settings& settings);
  // open opens (or makes) keys and database, and listens. `files` are the built pages. The log must outlive the server.
  static Result<std::unique_ptr<Server>> open(Settings settings, std::span<const assets::File> files,
                                              program::Log& log);
  ~Server();

  // Where it listens (port 0 in the settings: the system chose one).
  const net::Endpoint& endpoint() const;
  // run serves on the calling thread until stop(), or SIGTERM or SIGINT; then it lets requests finish.
  void run();
  // stop makes run() return. From any thread.
  void stop();
  // on_reload is what SIGHUP asks for new settings; of these, the organisations and the TLS certificate are taken over.
  void on_reload(std::function<Result<Settings>()> load);

 private:
  struct Parts;
  explicit Server(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace bulla::keyserver
