// SmtpServer: listens, and runs an smtp::ServerSession on each connection.
// 250 after a message is said only when the owner's coroutine has said so. Overload is answered with 421 at once; a
// message for which there is no memory gets 452. All waits on the peer have deadlines.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "core/base/secret.h"
#include "net/address.h"
#include "net/loop.h"
#include "net/tls.h"
#include "smtp/server_session.h"

namespace bulla::net {

struct SmtpServerConfig {
  smtp::ServerConfig session;      // offer_tls is set by the server when `tls` is
  std::shared_ptr<TlsServer> tls;  // empty: no STARTTLS
  std::size_t max_connections = 500;
  std::size_t max_per_address = 50;
  // Messages being received or in the owner's message(), all sessions together, bytes; beyond it: 452.
  std::uint64_t max_memory = 512ull << 20;
  Millis command_timeout = 5 * kMinute;   // RFC 5321 §4.5.3.2.7
  Millis data_timeout = 3 * kMinute;      // between two pieces of a message; as long for a piece of output to leave
  Millis message_timeout = 30 * kMinute;  // for one whole message
  Millis session_timeout = 2 * kHour;     // for all of a session; it ends with 421 between two commands
  Millis handshake_timeout = 30 * kSecond;
};

// SmtpPeer is what is known of a client when it connects.
struct SmtpPeer {
  std::string address;  // IP, without port
  std::uint16_t port = 0;
  Endpoint local;             // where it connected to
  std::uint64_t session = 0;  // number of the session, for logs
};

// SmtpHandler decides in the owner's name, for one connection. Made when a client connects, dropped when it is gone.
// Its coroutines run one at a time on the server's loop. What they throw becomes 451, and a report.
class SmtpHandler {
 public:
  virtual ~SmtpHandler() = default;
  // May this sender, this recipient? The reply is sent as it is; anything but a 2xx refuses.
  virtual Task<smtp::Reply> mail(smtp::MailArguments mail);  // default: answer(kSenderOk)
  virtual Task<smtp::Reply> recipient(smtp::Mailbox recipient) = 0;
  // message takes a whole message (dot-unstuffed, all line ends are CRLF). Return 2xx only when it is durable.
  // The bytes are wiped when the Secret is dropped.
  virtual Task<smtp::Reply> message(smtp::Envelope envelope, Secret body) = 0;
  // ended: the connection is over; `why` is "quit", "closed", "timeout", "too many errors", ... For logs.
  virtual void ended(std::string_view why);
};

using SmtpHandlerFactory = std::function<std::unique_ptr<SmtpHandler>(const SmtpPeer&)>;

// SmtpServerStats are counters since the start (open: now), for metrics.
struct SmtpServerStats {
  std::size_t open = 0;
  std::uint64_t accepted = 0;     // connections
  std::uint64_t turned_away = 0;  // by the connection limits
  std::uint64_t messages = 0;     // got 250
  std::uint64_t refused = 0;      // messages that got 4xx or 5xx after their end
  std::uint64_t memory = 0;       // bytes of messages held now
};

class SmtpServerSession;

class SmtpServer {
 public:
  SmtpServer(Loop& loop, SmtpServerConfig config, SmtpHandlerFactory factory);
  // Stops listening and cancels the sessions; drain() first for a graceful end.
  ~SmtpServer();
  SmtpServer(const SmtpServer&) = delete;
  SmtpServer& operator=(const SmtpServer&) = delete;

  // listen opens a listener and returns the address it has (port 0: the system chooses one). May be called repeatedly.
  Result<Endpoint> listen(const Endpoint& endpoint);
  // drain stops listening, ends idle sessions with 421, lets transactions finish, and cancels what is left at the
  // deadline. True if nothing had to be cancelled.
  Task<bool> drain(Millis deadline);
  SmtpServerStats stats() const;

 private:
  friend class SmtpServerSession;
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace bulla::net
