// Connection: a TCP connection that may become TLS, where every wait has a deadline. For the servers and clients of
// this folder; errors are Results, and a cancelled task throws from its next wait.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "core/base/bytes.h"
#include "net/address.h"
#include "net/loop.h"
#include "net/tls.h"

namespace bulla::net {

class Connection {
 public:
  explicit Connection(boost::asio::ip::tcp::socket socket);
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
  bool tls() const { return tls_.has_value(); }

  // cancel makes a read() that waits return kClosed; writing goes on working.
  void cancel();
  // close ends the connection so that the peer still gets what was written: it waits (shortly) for the peer's close,
  // and drops what comes.
  Task<> close();
  // abort ends it at once.
  void abort();

 private:
  using TcpStream = boost::beast::tcp_stream;
  struct ReadTimer;

  TcpStream stream_;
  std::shared_ptr<ReadTimer> read_timer_;
  // What the TLS stream uses must outlive it.
  std::shared_ptr<boost::asio::ssl::context> server_context_;
  std::shared_ptr<const TlsClient> client_context_;
  std::optional<boost::asio::ssl::stream<TcpStream&>> tls_;
};

// connect resolves a name and tries its addresses in turn, `timeout` for the name and for each address.
Awaiting<std::unique_ptr<Connection>> connect(Endpoint endpoint, Millis timeout);

// Listener accepts connections until it is closed.
class Listener {
 public:
  using Handler = std::function<void(boost::asio::ip::tcp::socket)>;

  // open binds and listens; kUnavailable names the address.
  static Result<std::shared_ptr<Listener>> open(Loop& loop, const Endpoint& endpoint);
  Endpoint local() const;
  // run hands each connection to `handler` until close(). Running out of file descriptors pauses it.
  Task<> run(Handler handler);
  void close();

  explicit Listener(boost::asio::ip::tcp::acceptor acceptor) : acceptor_(std::move(acceptor)) {}

 private:
  boost::asio::ip::tcp::acceptor acceptor_;
};

// AddressCount counts connections, in all and for each address.
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
