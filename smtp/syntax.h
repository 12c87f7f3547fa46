// The grammar of command arguments (RFC 5321 §4.1.2 and §4.1.3): mailboxes, paths, domains, parameters.
// Strict, ASCII only (no SMTPUTF8), every length bounded as in RFC 5321 §4.5.3.1.
#pragma once

#include <compare>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "smtp/reply.h"

namespace bulla::smtp {

// Mailbox is an address in an envelope.
struct Mailbox {
  std::string local;   // without quotes: <"a b"@example.org> has the local part `a b`; case is kept
  std::string domain;  // lower-case A-labels or an address literal in brackets; empty only for <postmaster>

  // text is the address as it stands on the wire, quoted where it must be, without angle brackets.
  std::string text() const;

  auto operator<=>(const Mailbox&) const = default;
};

// ReversePath is the sender of a transaction; nothing stands for the null path `<>` of bounces.
using ReversePath = std::optional<Mailbox>;

// path_text is "<user@example.org>", or "<>".
std::string path_text(const ReversePath& path);

// parse_mailbox reads "user@example.org" as a whole; kInvalid says what is wrong.
Result<Mailbox> parse_mailbox(std::string_view text);

// valid is true when the mailbox's text would parse to the same mailbox again: nothing made by hand can smuggle a
// line end or a second command through text().
bool valid(const Mailbox& mailbox);

// What MAIL carries (RFC 5321 §4.1.1.2, RFC 1870, RFC 6152).
struct MailArguments {
  ReversePath sender;
  std::optional<std::uint64_t> size;  // SIZE=, bytes, as the client states it; not checked against anything yet
  bool eight_bit = false;             // BODY=8BITMIME
};

// The functions below read the text after the verb; the error is what to answer.
// Source routes (<@a,@b:user@c>) are read and dropped, as RFC 5321 §4.1.1.3 asks.
std::expected<MailArguments, Answer> parse_mail_arguments(std::string_view text);
std::expected<Mailbox, Answer> parse_rcpt_arguments(std::string_view text);

// parse_helo_argument takes a domain or an address literal, and what real clients send instead (underscores, bare
// names): any printable ASCII without spaces, up to 255 characters.
std::expected<std::string, Answer> parse_helo_argument(std::string_view text);

// A domain of letters, digits and hyphens in labels of 1 to 63, up to 255 in all (RFC 5321 §4.1.2). Underscores are
// taken, since they are in use.
bool is_domain(std::string_view text);
// An address literal with its brackets: [192.0.2.1], [IPv6:2001:db8::1] (RFC 5321 §4.1.3; no general literals).
bool is_address_literal(std::string_view text);

}  // namespace bulla::smtp
