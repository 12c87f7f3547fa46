// ServerSession is the server's side of one SMTP connection (RFC 5321) as a state machine: bytes in, actions out.
// It has no I/O and no clock. Whoever pumps it does
//
//   session.feed(bytes);
//   for (;;) match (session.next()) { ... do what it says ...; NeedInput: write session.take_output(), read, feed }
//
// The extensions are PIPELINING, SIZE, 8BITMIME, ENHANCEDSTATUSCODES and, when configured, STARTTLS. Each verb has its
// own file (server_mail.cc, ...).
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "smtp/command_parser.h"
#include "smtp/data_reader.h"
#include "smtp/reply.h"
#include "smtp/syntax.h"

namespace bulla::smtp {

struct ServerConfig {
  std::string host_name;                    // in the greeting and the answer to EHLO
  bool offer_tls = false;                   // STARTTLS
  bool require_tls = false;                 // MAIL before TLS gets 530
  std::uint64_t max_message = 50ull << 20;  // bytes; more gets 552
  std::uint64_t max_text_line = 1ull << 20;
  std::size_t max_recipients = 1000;  // per transaction; more get 452
  std::size_t max_errors = 20;        // commands that failed, per session; then 421
  std::size_t max_commands = 10000;   // per session (each RCPT is one); then 421
};

// Envelope is what the client has said about a message.
struct Envelope {
  std::string helo;
  bool esmtp = false;
  bool tls = false;
  MailArguments mail;
  std::vector<Mailbox> recipients;  // those that were accepted, in order; doubles are kept
};

// The output is to be written and more input to be fed.
struct NeedInput {};
// MAIL is well-formed: answer() decides whether this sender may.
struct AskMail {
  MailArguments mail;
};
// RCPT is well-formed: answer() decides whether this recipient is taken.
struct AskRecipient {
  Mailbox recipient;
};
// The message begins (354 has been put out): make room for what comes.
struct BodyBegin {
  std::optional<std::uint64_t> declared_size;
};
// A piece of the message; valid until next() or feed() is called again.
struct BodyPiece {
  ByteView bytes;
};
// The message is complete: answer() with 250 takes it over for good.
struct BodyEnd {
  Envelope envelope;
};
// The message in the making is not going to be taken (too big, bare line end, ...): forget its pieces.
struct BodyDropped {};
// Write the output, do the TLS handshake on the same connection, then call tls_started().
struct StartTls {};
// Write the output and close.
struct CloseSession {};

using ServerAction =
    std::variant<NeedInput, AskMail, AskRecipient, BodyBegin, BodyPiece, BodyEnd, BodyDropped, StartTls, CloseSession>;

class ServerSession {
 public:
  // The greeting is in the output at once.
  explicit ServerSession(ServerConfig config);
  ~ServerSession();
  ServerSession(const ServerSession&) = delete;
  ServerSession& operator=(const ServerSession&) = delete;

  // feed adds input. The caller's buffer is copied; ours is wiped when it has been read.
  void feed(ByteView bytes);
  // next says what is to be done now. After AskMail, AskRecipient and BodyEnd it wants answer() first, after StartTls
  // tls_started().
  ServerAction next();
  // answer decides what next() has asked; the reply is put out as it is. A 421 closes the session after it.
  void answer(const Reply& reply);
  // refuse_body: the owner has no room for the message that is being read; `reply` is given at its end.
  void refuse_body(const Reply& reply);
  // tls_started: the handshake is done. What the client said before is forgotten (RFC 3207 §4.2), and bytes that came
  // in clear behind STARTTLS have been discarded.
  void tls_started();
  // close_with puts out a reply (421 ...) and makes CloseSession the next action: shutdown, time-outs.
  void close_with(const Reply& reply);

  // take_output hands over the bytes to be written.
  std::string take_output();
  bool has_output() const { return !output_.empty(); }
  // True while the message is being read, for the choice of the time-out.
  bool reading_body() const { return data_.has_value(); }
  // True between transactions with nothing half-read: the moment to close for a shutdown.
  bool idle() const;

  // Counters for logs.
  std::size_t messages() const { return messages_; }
  std::size_t errors() const { return errors_; }
  const std::string& helo() const { return helo_; }

 private:
  // Step is what is to be done; nothing: go on with the next command.
  using Step = std::optional<ServerAction>;
  enum class Waiting : std::uint8_t { kNothing, kMail, kRecipient, kBody, kTls };

  Step read_command();
  Step run(const Command& command);
  Step read_body();
  Step end_body();
  void say(const Reply& reply);
  // say_error counts; the session ends when there are too many. Returns nothing, for verbs that end with it.
  Step say_error(Answer row, std::string_view detail = {});
  void reset_transaction();
  void discard_input();
  ByteView input() const { return ByteView(input_).subspan(read_); }
  void consume_up_to(ByteView rest) { read_ = input_.size() - rest.size(); }

  // One per verb, each in its own file.
  Step on_ehlo(const std::string& argument);
  Step on_helo(const std::string& argument);
  Step on_mail(const std::string& argument);
  Step on_rcpt(const std::string& argument);
  Step on_data(const std::string& argument);
  Step on_rset(const std::string& argument);
  Step on_noop();
  Step on_vrfy(const std::string& argument);
  Step on_help();
  Step on_quit(const std::string& argument);
  Step on_starttls(const std::string& argument);

  ServerConfig config_;
  CommandParser parser_;
  Bytes input_;
  std::size_t read_ = 0;
  std::string output_;
  Waiting waiting_ = Waiting::kNothing;
  bool closing_ = false;
  bool tls_ = false;

  std::string helo_;
  bool esmtp_ = false;
  std::optional<MailArguments> mail_;
  std::vector<Mailbox> recipients_;
  std::optional<Mailbox> asked_;
  std::optional<MailArguments> asked_mail_;

  std::optional<DataReader> data_;
  bool body_dropped_ = false;
  std::optional<Reply> body_refusal_;

  std::size_t messages_ = 0;
  std::size_t errors_ = 0;
  std::size_t commands_ = 0;
};

}  // namespace bulla::smtp
