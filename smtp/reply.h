// Replies of an SMTP server (RFC 5321 §4.2, enhanced status codes of RFC 3463 and RFC 2034).
// Everything that our server says stands in one table, so that whether an answer is temporary or permanent is decided
// in one place.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/bytes.h"

namespace bulla::smtp {

// Reply is one answer of a server, ours or a peer's.
struct Reply {
  std::uint16_t code = 0;  // 200 to 599; 0 means that no peer said it: we did, about the connection
  std::string enhanced;    // "2.1.5", or empty
  std::string text;        // without code and enhanced code; '\n' parts lines

  bool positive() const { return code >= 200 && code < 400; }
  bool temporary() const { return code >= 400 && code < 500; }
  bool permanent() const { return code >= 500 && code < 600; }

  // wire is the reply as it is sent: each line with code and enhanced code, ended by CRLF. Anything but printable
  // ASCII in the text becomes '?', so that no text can forge a line.
  std::string wire() const;
  // line is the reply on one line for logs and bounces: "550 5.1.1 No such user".
  std::string line() const;

  bool operator==(const Reply&) const = default;
};

// Answer names a row of the table in reply.cc. The number in the name's comment is what the peer sees.
enum class Answer : std::uint8_t {
  // What went well.
  kReady,         // 220, greeting
  kStartTls,      // 220 2.0.0
  kBye,           // 221 2.0.0
  kOk,            // 250 2.0.0
  kSenderOk,      // 250 2.1.0
  kRecipientOk,   // 250 2.1.5
  kAccepted,      // 250 2.0.0, the message is durable
  kCannotVerify,  // 252 2.5.2, VRFY
  kHelp,          // 214 2.0.0
  kSendMessage,   // 354
  // Temporary: the peer keeps the message and tries again.
  kShuttingDown,        // 421 4.3.2
  kTooManyConnections,  // 421 4.7.0, in all or from this address
  kTooManyErrors,       // 421 4.7.0
  kTooManyCommands,     // 421 4.7.0
  kTimedOut,            // 421 4.4.2
  kTryLater,            // 451 4.3.0, something in our house does not work
  kNoRoom,              // 452 4.3.1, disk or memory is full
  kTooManyRecipients,   // 452 4.5.3
  kTlsUnavailable,      // 454 4.7.0
  // Permanent: what the peer said is wrong.
  kLineTooLong,         // 500 5.5.6 (command line)
  kBareLineEnd,         // 500 5.5.2, a command line with a bare CR or LF
  kUnknownCommand,      // 500 5.5.1
  kSyntax,              // 501 5.5.4
  kBadAddress,          // 501 5.1.3 (recipient) syntax of the address
  kBadSender,           // 501 5.1.7
  kNotImplemented,      // 502 5.5.1
  kBadSequence,         // 503 5.5.1
  kNeedsTls,            // 530 5.7.0
  kTransactionFailed,   // 554 5.5.0
  kNoRecipients,        // 554 5.5.1
  kUnknownParameter,    // 555 5.5.4
  kNonAsciiAddress,     // 553 5.6.7, no SMTPUTF8
  kMessageTooBig,       // 552 5.3.4
  kMessageBareLineEnd,  // 550 5.6.0, a bare CR or LF in the message
  kMessageLineTooLong,  // 550 5.6.0
  kMessageMalformed,    // 550 5.6.0, for the owner: the message cannot be read
  kMailLoop,            // 554 5.4.6, for the owner
  kNoSuchUser,          // 550 5.1.1, for the owner
  kRelayDenied,         // 550 5.7.1, for the owner: this peer may not send here
  kPolicyRefused,       // 550 5.7.1, for the owner: policy says no
};

// answer makes the reply of a row. With a detail, the row's text is followed by ": DETAIL".
Reply answer(Answer row, std::string_view detail = {});

// ReplyReader reads a peer's replies from its bytes. Bounded: 128 lines of 2 KiB each; a line must end in CRLF, but a
// bare LF is taken too, as old servers send it (it can end nothing but a reply).
class ReplyReader {
 public:
  enum class State { kNeedMore, kReply, kGarbage };

  // feed takes bytes off the front of `in` up to the end of one reply, or all of them.
  // kReply: reply() is complete. kGarbage: this is no SMTP; the reader stays so.
  State feed(ByteView& in);
  // reply hands over the reply that feed() completed.
  Reply take();

 private:
  State end_line();

  std::string line_;
  Reply reply_;
  std::size_t lines_ = 0;
  bool garbage_ = false;
};

}  // namespace bulla::smtp
