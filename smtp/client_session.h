// ClientSession is the client's side of one SMTP connection (RFC 5321) as a state machine: bytes in, actions out.
// It has no I/O and no clock. It greets, starts TLS as its policy says, and sends one transaction after another, with
// PIPELINING when the server offers it. Each recipient has a result of its own.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "smtp/reply.h"
#include "smtp/syntax.h"

namespace bulla::smtp {

enum class TlsPolicy : std::uint8_t {
  kNone,           // never
  kOpportunistic,  // when offered, whoever the peer is; in clear otherwise
  kRequired,       // with a verified peer, or not at all
};

struct ClientConfig {
  std::string helo_name;
  TlsPolicy tls = TlsPolicy::kOpportunistic;
  std::size_t pipeline = 64;  // commands on their way at once, so that neither side's buffers can fill up
};

// Transaction is one message to be sent; its body follows when the session asks for it.
struct Transaction {
  ReversePath sender;
  std::vector<Mailbox> recipients;
  std::uint64_t size = 0;  // bytes of the message before dot-stuffing, for SIZE=; 0: not known
  bool eight_bit = false;  // the message has bytes above 127
};

enum class Outcome : std::uint8_t {
  kDelivered,  // the server has taken responsibility for it
  kTemporary,  // try again later
  kPermanent,  // trying again does not help
};

struct RecipientResult {
  Mailbox recipient;
  Outcome outcome = Outcome::kTemporary;
  Reply reply;  // the server's words; code 0 when it said nothing and the text is ours
};

struct TransactionResult {
  std::vector<RecipientResult> recipients;  // in the order of the transaction
  bool tls = false;
  // The connection broke after the whole message had been sent and before the answer: it may have been delivered, and
  // the next try may make a second copy.
  bool uncertain = false;
};

// Write the output, read, feed.
struct ClientNeedInput {};
// Write the output, do the TLS handshake, then call tls_started() or tls_failed().
struct ClientStartTls {};
// The greeting is over, or a transaction was finished: begin() the next one, or quit().
struct ClientReady {};
// Send the message's body through a DataWriter, then call body_sent(). The output (empty or not) goes first.
struct ClientSendBody {};
// The transaction is finished. The session goes on to ClientReady or ClientClose.
struct ClientFinished {
  TransactionResult result;
};
// Write the output and close. The session can do nothing more.
struct ClientClose {};

using ClientAction =
    std::variant<ClientNeedInput, ClientStartTls, ClientReady, ClientSendBody, ClientFinished, ClientClose>;

class ClientSession {
 public:
  explicit ClientSession(ClientConfig config);

  void feed(ByteView bytes);
  ClientAction next();

  // begin starts a transaction. May be called before ClientReady, so that failures of greeting and TLS become the
  // results of its recipients. At most one at a time.
  void begin(Transaction transaction);
  void body_sent();
  // quit says QUIT after the transaction under way, if any.
  void quit();

  void tls_started();
  // The handshake failed: temporary for all recipients. (With kOpportunistic the owner may connect anew with kNone.)
  void tls_failed(const std::string& why);
  // The connection is gone, timed out, or cannot be made; `why` goes into the results. The body could not be read or
  // must not be sent (DataWriter refused it): permanent.
  void connection_lost(const std::string& why);
  void body_failed(const Error& error);

  std::string take_output();
  bool has_output() const { return !output_.empty(); }
  // What is being waited for, for the choice of the time-out (RFC 5321 §4.5.3.2).
  enum class Expecting : std::uint8_t { kGreeting, kReply, kDataStart, kDataEnd };
  Expecting expecting() const;

  // From the last EHLO.
  std::optional<std::uint64_t> max_size() const { return capabilities_.max_size; }

 private:
  enum class Phase : std::uint8_t {
    kGreeting,
    kEhlo,
    kHelo,
    kStartTls,
    kHandshake,
    kReady,
    kTransaction,
    kBody,
    kQuit,
    kClosed
  };
  enum class Sent : std::uint8_t { kMail, kRecipient, kData, kBodyEnd, kReset };
  struct Expected {
    Sent what;
    std::size_t recipient = 0;
  };
  struct Capabilities {
    bool pipelining = false;
    bool eight_bit = false;
    bool starttls = false;
    bool size = false;
    std::optional<std::uint64_t> max_size;
  };

  void read_replies();
  void on_reply(const Reply& reply, bool injected);
  void on_greeting(const Reply& reply);
  void on_ehlo(const Reply& reply);
  void note_capability(const std::string& line);
  void on_starttls(const Reply& reply);
  void on_transaction(const Reply& reply);
  void on_mail(const Reply& reply);
  void on_recipient(std::size_t index, const Reply& reply);
  void on_data(const Reply& reply);
  void on_body_end(const Reply& reply);

  void greeted();
  void start_next();
  bool check_transaction();
  void start_transaction();
  void send_more();
  void send_mail();
  void send(std::string_view line);
  void settle(std::size_t index, Outcome outcome, const Reply& reply);
  // settle_rest sets the result of each recipient that has none yet.
  void settle_rest(Outcome outcome, const Reply& reply);
  void finish();
  void abandon(const Reply& reply);
  void abandon(Outcome outcome, const Reply& reply);

  ClientConfig config_;
  Capabilities capabilities_;
  ReplyReader reader_;
  Bytes input_;
  std::string output_;
  Phase phase_ = Phase::kGreeting;
  bool tls_ = false;
  bool quit_ = false;

  std::optional<Transaction> transaction_;
  std::vector<std::optional<RecipientResult>> results_;
  std::deque<Expected> expected_;
  std::size_t next_recipient_ = 0;
  std::size_t accepted_ = 0;
  bool mail_sent_ = false;
  bool mail_failed_ = false;
  bool data_sent_ = false;
  bool uncertain_ = false;    // the body is out and not answered
  bool needs_reset_ = false;  // the server may still hold a transaction that came to nothing
  std::optional<TransactionResult> finished_;
  std::optional<Reply> broken_;  // why the session ended; later transactions get it too
};

}  // namespace bulla::smtp
