// Facts is what the rules look at, read from a message. It holds nothing of the message but domains.
#pragma once

#include <string>
#include <vector>

#include "core/base/bytes.h"

namespace bulla::policy {

struct Facts {
  bool flagged = false;  // a Subject field (any of them) carries the flag
  bool bounce = false;   // a notification of delivery or disposition, sent as one (RFC 3464 §2, RFC 8098 §2.1)
  std::size_t from_fields = 0;
  // The domain of each address in the From fields, canonical; "" for an address whose domain is none.
  std::vector<std::string> from_domains;
  std::size_t received = 0;  // Received fields, for loop detection
};

// read_facts never fails: what cannot be read is not there, and rules treat that as the stricter case. `sent_as_report`
// says that the message has a null return path and one recipient, as every bounce has: only then can it be one.
Facts read_facts(ByteView message, bool sent_as_report, std::string_view subject_flag);

}  // namespace bulla::policy
