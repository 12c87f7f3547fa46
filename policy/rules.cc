#include "policy/rules.h"

#include <algorithm>

#include "smtp/syntax.h"

namespace bulla::policy {
namespace {

Result<> check_domain(std::string_view text, bool subdomains_allowed) {
  auto domain = text;
  if (subdomains_allowed && domain.starts_with('.')) domain.remove_prefix(1);
  if (!domain.empty() && canonical_domain(domain) == domain) return {};
  return fail(Code::kInvalid, "\"" + std::string(text) + "\" is not a domain",
              "domains stand in lower case and in ASCII, such as example.org or xn--bcher-kva.example");
}

}  // namespace

std::string canonical_domain(std::string_view text) {
  if (text.ends_with('.')) text.remove_suffix(1);
  std::string domain(text);
  for (char& c : domain) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return smtp::is_domain(domain) ? domain : std::string();
}

Result<> check(const Rules& rules) {
  for (const auto& domain : rules.recipient_domains) BULLA_CHECK_OK(check_domain(domain, true));
  for (const auto& domain : rules.sender_domains) BULLA_CHECK_OK(check_domain(domain, false));
  const auto& flag = rules.subject_flag;
  if (flag.size() > kMaxFlag) return fail(Code::kInvalid, "the subject flag is longer than 64 bytes");
  const auto printable = [](char c) { return c > ' ' && c <= '~'; };
  const auto allowed = [&](char c) { return printable(c) || c == ' '; };
  if (!flag.empty() && (!std::ranges::all_of(flag, allowed) || std::ranges::none_of(flag, printable)))
    return fail(Code::kInvalid, "the subject flag must be printable ASCII", "such as \"[secure]\"");
  return {};
}

}  // namespace bulla::policy
