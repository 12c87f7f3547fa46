// Addresses in canonical form, the one in which they are compared and kept (envelope-format §1).
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/envelope/index.h"

namespace bulla::mail {

// Address is local@domain: the local part NFC and lower case (dots and plus kept), the domain as A-labels in lower
// case (IDNA 2008, RFC 5891, through libidn2). A quoted local part is unquoted where that changes nothing.
class Address {
 public:
  // parse takes a bare address as somebody typed it or a mail names it; white space around it is dropped. Nothing for
  // anything that is not an address: no or several @ outside of quotes, control characters, an empty or too long part
  // (RFC 5321 §4.5.3.1: 64 and 255 bytes), a domain literal, a domain that IDNA refuses.
  static std::optional<Address> parse(std::string_view text);

  const std::string& text() const { return text_; }
  std::string_view local() const { return std::string_view(text_).substr(0, at_); }
  std::string_view domain() const { return std::string_view(text_).substr(at_ + 1); }
  auto operator<=>(const Address& other) const { return text_ <=> other.text_; }
  bool operator==(const Address& other) const { return text_ == other.text_; }

 private:
  Address(std::string text, std::size_t at) : text_(std::move(text)), at_(at) {}
  std::string text_;
  std::size_t at_;
};

// canonical_domain is the domain alone in that form.
std::optional<std::string> canonical_domain(std::string_view domain);

// parse_mailboxes reads an address list of a header field (RFC 5322 §3.4) as GMime does; groups are flattened. At most
// `limit` mailboxes; names decoded (RFC 2047), addresses with the domain as A-label where IDNA takes it. Strings are
// valid UTF-8 and at most kMaxString.
std::vector<envelope::Mailbox> parse_mailboxes(std::string_view field, std::size_t limit = envelope::kMaxMailboxes);

}  // namespace bulla::mail
