// Rules is what the administrator has written under [policy] and [organisation], in the form that decisions need.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace bulla::policy {

enum class SealMode {
  kMatching,  // what carries the flag, or goes to one of the domains
  kAll,       // everything but bounces
};

struct Rules {
  SealMode seal = SealMode::kMatching;
  // The flag in a subject, such as "[secure]"; empty: no flag is looked for. Case, blanks and line folds in the subject
  // make no difference.
  std::string subject_flag = "[secure]";
  // Lower-case A-labels; ".example.org" stands for all subdomains of example.org, and not for itself.
  std::vector<std::string> recipient_domains;
  // The organisation's own domains, lower-case A-labels: whoever seals writes from one of these.
  std::vector<std::string> sender_domains;
};

constexpr std::size_t kMaxFlag = 64;

// canonical_domain is the form that domains are compared in: lower case, without a final dot. Empty for text that is no
// domain in ASCII (A-labels).
std::string canonical_domain(std::string_view text);

// check says what is wrong with rules that came from a configuration: a domain that is none, a flag that is too long or
// has no printable character.
Result<> check(const Rules& rules);

}  // namespace bulla::policy
