#include "policy/policy.h"

#include <algorithm>

namespace bulla::policy {
namespace {

bool matches(std::string_view rule, std::string_view domain) {
  if (!rule.starts_with('.')) return rule == domain;
  return domain.size() > rule.size() && domain.ends_with(rule);
}

Decision wanted(const Rules& rules, const Facts& facts, const smtp::Mailbox& recipient) {
  if (facts.flagged) return {Action::kSeal, Reason::kFlag, "the subject carries " + rules.subject_flag};
  if (facts.bounce) return {Action::kPass, Reason::kBounce, "a report on another message"};
  if (rules.seal == SealMode::kAll) return {Action::kSeal, Reason::kAll, "everything is sealed"};
  const auto domain = canonical_domain(recipient.domain);
  const auto listed = [&](const std::string& rule) { return matches(rule, domain); };
  if (!domain.empty() && std::ranges::any_of(rules.recipient_domains, listed))
    return {Action::kSeal, Reason::kRecipientDomain, "mail to " + domain + " is sealed"};
  return {Action::kPass, Reason::kNoRule, "no rule asks for sealing"};
}

std::string joined(const std::vector<std::string>& domains) {
  std::string out;
  for (const auto& domain : domains) out += (out.empty() ? "" : ", ") + domain;
  return out;
}

}  // namespace

const char* reason_name(Reason reason) {
  switch (reason) {
    case Reason::kFlag:
      return "flag";
    case Reason::kBounce:
      return "bounce";
    case Reason::kAll:
      return "all";
    case Reason::kRecipientDomain:
      return "recipient-domain";
    case Reason::kNoRule:
      return "no-rule";
    case Reason::kNoFrom:
      return "no-from";
    case Reason::kSeveralFrom:
      return "several-from";
    case Reason::kForeignFrom:
      return "foreign-from";
  }
  return "unknown";
}

Decision decide(const Rules& rules, const Facts& facts, const smtp::Mailbox& recipient) {
  auto decision = wanted(rules, facts, recipient);
  if (decision.action != Action::kSeal) return decision;
  const std::string cannot = "this message is to be sealed (" + decision.explanation + "), but ";
  if (facts.from_fields == 0) return {Action::kRefuse, Reason::kNoFrom, cannot + "it has no From"};
  if (facts.from_fields > 1) return {Action::kRefuse, Reason::kSeveralFrom, cannot + "it has several From fields"};
  const auto own = [&](const std::string& domain) {
    return std::ranges::find(rules.sender_domains, domain) != rules.sender_domains.end();
  };
  if (!facts.from_domains.empty() && std::ranges::all_of(facts.from_domains, own)) return decision;
  return {Action::kRefuse, Reason::kForeignFrom,
          cannot + "its From is not in the organisation's domains: " + joined(rules.sender_domains)};
}

}  // namespace bulla::policy
