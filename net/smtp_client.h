// SmtpClient: sends messages to a next hop by SMTP, keeps connections open for the next message.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "core/base/secret.h"
#include "net/address.h"
#include "net/loop.h"
#include "net/tls.h"
#include "smtp/client_session.h"

namespace bulla::net {

// BodySource gives a message piece by piece, so that a large one is never held as a whole. The bytes are RFC 5322 with
// CRLF line ends and without dot-stuffing.
class BodySource {
 public:
  virtual ~BodySource() = default;
  // next returns the next piece, valid until the next call; an empty one at the end. On an error the connection is
  // closed before the end of the message, so that the server takes nothing.
  virtual Awaiting<ByteView> next() = 0;
};

// A source for a message that is at hand. It is wiped when the source is dropped.
std::unique_ptr<BodySource> body_of(Secret message);
std::unique_ptr<BodySource> body_of(std::string message);

struct SmtpTarget {
  Endpoint endpoint;
  smtp::TlsPolicy tls = smtp::TlsPolicy::kOpportunistic;
  std::string tls_name;  // the name that the certificate must be for; empty: the endpoint's host

  bool operator==(const SmtpTarget&) const = default;
};

struct SmtpClientConfig {
  std::string helo_name;
  // For kRequired; must verify. Empty: kRequired targets get a temporary failure.
  std::shared_ptr<const TlsClient> verified_tls;
  // For kOpportunistic. Empty: one that does not verify is made.
  std::shared_ptr<const TlsClient> any_tls;
  Millis connect_timeout = 30 * kSecond;  // per address
  Millis handshake_timeout = 30 * kSecond;
  Millis greeting_timeout = 5 * kMinute;  // RFC 5321 §4.5.3.2, as the following
  Millis reply_timeout = 5 * kMinute;
  Millis data_start_timeout = 2 * kMinute;
  Millis data_block_timeout = 3 * kMinute;
  Millis data_end_timeout = 10 * kMinute;
  std::size_t max_idle = 8;              // connections kept open, all targets together; 0: none
  Millis idle_timeout = 20 * kSecond;    // after which a kept connection is closed
  std::size_t max_per_connection = 100;  // messages
};

class SmtpClient {
 public:
  SmtpClient(Loop& loop, SmtpClientConfig config);
  ~SmtpClient();
  SmtpClient(const SmtpClient&) = delete;
  SmtpClient& operator=(const SmtpClient&) = delete;

  // deliver sends one message and returns a result for each recipient; failures to connect are results too (temporary,
  // reply code 0). It never throws for what a peer does. Several may run at once, each on its own connection.
  // TLS: with kRequired nothing but EHLO and STARTTLS is said in clear. With kOpportunistic a failed handshake leads
  // to a second connection in clear.
  Task<smtp::TransactionResult> deliver(SmtpTarget target, smtp::Transaction transaction,
                                        std::unique_ptr<BodySource> body);

  // close ends the idle connections with QUIT.
  Task<> close();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace bulla::net
