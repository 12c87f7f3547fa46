// The gateway's policy: what happens to a message for one recipient, and why. A pure function of rules and facts.
//
// In this order:
//   1. The subject carries the flag: seal.
//   2. It is a bounce: a multipart/report of delivery or disposition, with a null return path and one recipient: pass.
//      Such mail is written by machines and answers mail from outside. Other automatic mail (Auto-Submitted, lists,
//      reports of another kind or to several) is treated like any letter.
//   3. Everything is to be sealed, or the recipient's domain is listed: seal.
//   4. Pass.
// Whatever is to be sealed must come from the organisation: one From field, and each of its addresses in one of the
// organisation's domains. Otherwise it is refused, since no reader could check who has sent it.
#pragma once

#include <string>

#include "policy/facts.h"
#include "policy/rules.h"
#include "smtp/syntax.h"

namespace bulla::policy {

enum class Action {
  kSeal,
  kPass,    // leaves as it came
  kRefuse,  // 550 5.7.1, the whole message: the sender has to mend it
};

enum class Reason {
  kFlag,
  kBounce,
  kAll,
  kRecipientDomain,
  kNoRule,
  kNoFrom,
  kSeveralFrom,
  kForeignFrom,
};

struct Decision {
  Action action = Action::kRefuse;
  Reason reason = Reason::kNoRule;
  // For the sender (in a refusal) and the administrator; holds domains and the flag, nothing else of the message.
  std::string explanation;
};

// reason_name is stable, lower-case, for logs: "flag", "bounce", ...
const char* reason_name(Reason reason);

// decide looks at one recipient. Different recipients of a message may get different decisions.
Decision decide(const Rules& rules, const Facts& facts, const smtp::Mailbox& recipient);

}  // namespace bulla::policy
