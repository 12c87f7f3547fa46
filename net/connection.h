// Connection: a TCP connection that may become TLS, where every wait has a deadline. For the servers and clients of
// this folder; errors are Results, and a cancelled task throws from its next wait.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "core/base/bytes.h"
#include "net/address.h"
#include "net/loop.h"
#include "net/tls.h"

namespace bulla::net {

class Connection {
 public:
  struct State;  // the socket and all that Asio knows of it
  explicit Connection(std::unique_ptr<State> state);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // read waits for bytes and returns how many it has put into `into`. kClosed at the end of the stream. After kTimeout
  // the connection can still be written to. (All other operations end it when they time out.)
  Awaiting<std::size_t> read(MutableBytes into, Millis timeout);
  // write sends all bytes. They must stay where they are until it has returned.
  Awaiting<> write(ByteView bytes, Millis timeout);

  Awaiting<> accept_tls(std::shared_ptr<boost::asio::ssl::context> context, Millis timeout);
  // connect_tls checks the certificate for `name` (a host name or an IP address) when the client verifies.
  Awaiting<> connect_tls(std::shared_ptr<const TlsClient> client, std::string name, Millis timeout);
  bool tls() const;

  // The two ends, with addresses as text.
  Endpoint remote() const;
  Endpoint local() const;

  // cancel makes a read() that waits return kClosed; writing goes on working.
  void cancel();
  // close ends the connection so that the peer still gets what was written: it waits (shortly) for the peer's close,
  // and drops what comes.
  Task<> close();
  // abort ends it at once.
  void abort();

 private:
  std::unique_ptr<State> state_;
};

// connect resolves a name and tries its addresses in turn, `timeout` for the name and for each address.
Awaiting<std::unique_ptr<Connection>> connect(Endpoint endpoint, Millis timeout);

// Listener accepts connections until it is closed.
class Listener {
 public:
  using Handler = std::function<void(std::unique_ptr<Connection>)>;

  // open binds and listens; kUnavailable names the address.
  static Result<std::shared_ptr<Listener>> open(Loop& loop, const Endpoint& endpoint);
  ~Listener();
  Endpoint local() const;
  // run hands each connection to `handler` until close(). Running out of file descriptors pauses it.
  Task<> run(Handler handler);
  void close();

 private:
  struct State;
  explicit Listener(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// AddressCount counts connections, in all and for each address. Of IPv6 a whole /64 counts as one address: whoever has
// one of its addresses has them all.
class AddressCount {
 public:
  bool add(const std::string& address, std::size_t max, std::size_t max_per_address);
  void remove(const std::string& address);
  std::size_t total() const { return total_; }

 private:
  std::map<std::string, std::size_t> counts_;
  std::size_t total_ = 0;
};

}  // namespace bulla::net
