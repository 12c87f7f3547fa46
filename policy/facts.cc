#include "policy/facts.h"

#include <gmime/gmime.h>

#include <memory>
#include <mutex>

#include "policy/header_scan.h"
#include "policy/rules.h"
#include "policy/subject_flag.h"

namespace bulla::policy {
namespace {

struct Unref {
  void operator()(InternetAddressList* list) const { g_object_unref(list); }
};
using AddressList = std::unique_ptr<InternetAddressList, Unref>;

void add_domains(InternetAddressList* list, std::vector<std::string>& out) {
  const int count = internet_address_list_length(list);
  for (int i = 0; i < count; ++i) {
    auto* address = internet_address_list_get_address(list, i);
    if (INTERNET_ADDRESS_IS_GROUP(address)) {
      if (auto* members = internet_address_group_get_members(INTERNET_ADDRESS_GROUP(address)))
        add_domains(members, out);
      continue;
    }
    const char* text = internet_address_mailbox_get_idn_addr(INTERNET_ADDRESS_MAILBOX(address));
    const std::string_view view = text == nullptr ? std::string_view() : std::string_view(text);
    const auto at = view.rfind('@');
    out.push_back(at == std::string_view::npos ? std::string() : canonical_domain(view.substr(at + 1)));
  }
}

void read_from(const std::string& value, Facts& facts) {
  static std::once_flag once;
  std::call_once(once, [] { g_mime_init(); });
  ++facts.from_fields;
  const auto before = facts.from_domains.size();
  if (const AddressList list{internet_address_list_parse(nullptr, value.c_str())})
    add_domains(list.get(), facts.from_domains);
  // A field without any address that could be read counts as one that belongs to nobody.
  if (facts.from_domains.size() == before) facts.from_domains.emplace_back();
}

bool is_report(std::string_view content_type) {
  std::string type;
  for (const char c : content_type) {
    if (c == ';') break;
    if (c != ' ' && c != '\t') type.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
  }
  return type == "multipart/report";
}

}  // namespace

Facts read_facts(ByteView message, bool null_return_path, std::string_view subject_flag) {
  Facts facts;
  std::size_t content_types = 0;
  bool report = false;
  scan_header(message, [&](std::string_view name, const std::string& value) {
    if (name == "subject") facts.flagged = facts.flagged || has_flag(value, subject_flag);
    if (name == "from") read_from(value, facts);
    if (name == "received") ++facts.received;
    if (name == "content-type") {
      ++content_types;
      report = is_report(value);
    }
  });
  facts.bounce = null_return_path && report && content_types == 1;
  return facts;
}

}  // namespace bulla::policy
