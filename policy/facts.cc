#include "policy/facts.h"

#include "mail/address.h"
#include "mail/report_type.h"
#include "policy/header_scan.h"
#include "policy/rules.h"
#include "policy/subject_flag.h"

namespace bulla::policy {
namespace {

// More than anybody writes from: what is beyond counts as one that belongs to nobody.
constexpr std::size_t kMaxFrom = 64 * 1024;
constexpr std::size_t kMaxAuthors = 100;
// All Subject fields together. Looking for the flag costs many times the text's size in memory; what is beyond counts
// as flagged, so that nobody hides a flag behind the bound.
constexpr std::size_t kMaxSubjects = 64 * 1024;

void read_from(const std::string& value, Facts& facts) {
  ++facts.from_fields;
  const auto mailboxes = mail::parse_mailboxes(std::string_view(value).substr(0, kMaxFrom), kMaxAuthors);
  for (const auto& mailbox : mailboxes) {
    const auto at = mailbox.address.rfind('@');
    facts.from_domains.push_back(at == std::string::npos ? "" : canonical_domain(mailbox.address.substr(at + 1)));
  }
  if (mailboxes.empty() || mailboxes.size() >= kMaxAuthors || value.size() > kMaxFrom)
    facts.from_domains.emplace_back();
}

}  // namespace

Facts read_facts(ByteView message, bool sent_as_report, std::string_view subject_flag) {
  Facts facts;
  std::size_t content_types = 0;
  std::size_t subjects = 0;
  bool report = false;
  scan_header(message, [&](std::string_view name, const std::string& value) {
    if (name == "subject" && !subject_flag.empty()) {
      subjects += value.size();
      facts.flagged = facts.flagged || subjects > kMaxSubjects || has_flag(value, subject_flag);
    }
    if (name == "from") read_from(value, facts);
    if (name == "received") ++facts.received;
    if (name == "content-type") {
      ++content_types;
      report = mail::is_notification(value);
    }
  });
  facts.bounce = sent_as_report && report && content_types == 1;
  return facts;
}

}  // namespace bulla::policy
