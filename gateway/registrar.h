// Registrar brings the shares of sealed messages to the key server, in batches: it looks the recipients' keys up, seals
// each server share to them (or to the release key), and registers. Then the message may be delivered.
//
// While the key server is not reachable, messages wait. When it does not know our token any more, everything stops with
// an alarm in the log, and nothing is bounced: the messages are good, and the token can be mended.
#pragma once

#include <functional>

#include "gateway/house.h"
#include "gateway/key_server.h"
#include "gateway/settle.h"

namespace bulla::gateway {

class Registrar {
 public:
  // on_ready is called when there may be something to deliver: registered messages, bounces. What is passed by
  // reference must outlive it.
  Registrar(const House& house, KeyServer& server, std::function<void()> on_ready);
  // run works until stop(); it ends after the batch under way.
  net::Task<> run();
  void wake() { wake_.set(); }
  void stop();

 private:
  // Outcome of a batch: how long to pause before the next one.
  net::Task<Millis> batch(std::vector<queue::Claim> claims);
  // batch_or_later is batch() for whatever may happen: an exception is logged, and its claims are tried later.
  net::Task<Millis> batch_or_later(std::vector<queue::Claim> claims);
  net::Task<> pause(Millis length);
  net::Awaiting<std::vector<NewEnvelope>> prepare(std::vector<Loaded>& messages);
  net::Task<Millis> failed(std::vector<Loaded> messages, Error error);
  net::Task<> settle_all(std::vector<Loaded> messages, std::vector<std::vector<RegisterResult>> results);

  const House& house_;
  KeyServer& server_;
  std::function<void()> on_ready_;
  net::Event wake_;
  bool stopping_ = false;
  std::uint32_t failures_ = 0;   // in a row
  std::size_t batch_limit_ = 0;  // smaller after a batch that was refused as a whole
};

// seal_share seals a server share for one key: a NewShare with `to` as given. kInvalid when the key is none.
Result<NewShare> seal_share(const std::string& to, const std::string& age_key, ByteView share, Random& random);

}  // namespace bulla::gateway
