#include "mail/address.h"

#include <idn2.h>

#include <algorithm>

#include "mail/gmime.h"

namespace bulla::mail {
namespace {

constexpr std::size_t kMaxLocal = 64;
constexpr std::size_t kMaxDomain = 255;

std::string_view without_space(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const auto first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

bool valid_utf8(std::string_view text) {
  return g_utf8_validate(text.data(), static_cast<gssize>(text.size()), nullptr) != FALSE;
}

// NFC and lower case, code point by code point: the same in every locale.
std::string folded(std::string_view text) {
  const CString composed(g_utf8_normalize(text.data(), static_cast<gssize>(text.size()), G_NORMALIZE_NFC));
  std::string lower;
  for (const char* at = composed.get(); *at != '\0'; at = g_utf8_next_char(at)) {
    char bytes[6];
    const auto size = g_unichar_to_utf8(g_unichar_tolower(g_utf8_get_char(at)), bytes);
    lower.append(bytes, static_cast<std::size_t>(size));
  }
  const CString again(g_utf8_normalize(lower.c_str(), -1, G_NORMALIZE_NFC));
  return again.get();
}

bool is_atom_char(char c) {
  constexpr std::string_view kSpecials = "()<>[]:;@\\,\"";
  return static_cast<unsigned char>(c) > 0x20 && c != 0x7f && kSpecials.find(c) == std::string_view::npos;
}

bool is_dot_atom(std::string_view text) {
  return !text.empty() && text.front() != '.' && text.back() != '.' && text.find("..") == std::string_view::npos &&
         std::ranges::all_of(text, is_atom_char);
}

// The content of a quoted string (RFC 5321 §4.1.2), or nothing.
std::optional<std::string> unquoted(std::string_view text) {
  if (text.size() < 2 || text.front() != '"' || text.back() != '"') return std::nullopt;
  std::string out;
  const auto inner = text.substr(1, text.size() - 2);
  for (std::size_t i = 0; i < inner.size(); ++i) {
    if (inner[i] == '"') return std::nullopt;
    if (inner[i] == '\\') ++i;
    if (i == inner.size()) return std::nullopt;
    if (static_cast<unsigned char>(inner[i]) < 0x20 || inner[i] == 0x7f) return std::nullopt;
    out.push_back(inner[i]);
  }
  return out;
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') out.push_back('\\');
    out.push_back(c);
  }
  return out + '"';
}

std::optional<std::string> canonical_local(std::string_view local) {
  if (local.empty() || local.size() > kMaxLocal || !valid_utf8(local)) return std::nullopt;
  if (is_dot_atom(local)) return folded(local);
  const auto content = unquoted(local);
  if (!content || content->empty()) return std::nullopt;
  return is_dot_atom(*content) ? folded(*content) : quoted(folded(*content));
}

}  // namespace

std::optional<std::string> canonical_domain(std::string_view domain) {
  if (domain.ends_with('.')) domain.remove_suffix(1);
  if (domain.empty() || domain.size() > kMaxDomain || !valid_utf8(domain)) return std::nullopt;
  if (domain.find('\0') != std::string_view::npos) return std::nullopt;
  const std::string text(domain);
  std::uint8_t* found = nullptr;
  const auto* input = reinterpret_cast<const std::uint8_t*>(text.c_str());
  if (idn2_lookup_u8(input, &found, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) != IDN2_OK) return std::nullopt;
  std::string out(reinterpret_cast<char*>(found));
  idn2_free(found);
  auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
  };
  std::ranges::transform(out, out.begin(), g_ascii_tolower);
  const bool good = !out.empty() && out.size() <= kMaxDomain && out.front() != '.' && out.back() != '.' &&
                    out.find("..") == std::string::npos && std::ranges::all_of(out, allowed);
  return good ? std::optional(out) : std::nullopt;
}

std::optional<Address> Address::parse(std::string_view text) {
  text = without_space(text);
  const auto at = text.rfind('@');
  if (at == std::string_view::npos) return std::nullopt;
  auto local = canonical_local(text.substr(0, at));
  const auto domain = canonical_domain(text.substr(at + 1));
  if (!local || !domain) return std::nullopt;
  const auto size = local->size();
  return Address(*local + '@' + *domain, size);
}

namespace {

// An address as a mail names it, with the domain as A-label where that can be told.
std::string mailbox_address(const char* text) {
  auto address = one_line(clean_text(text));
  const auto at = address.rfind('@');
  if (at == std::string::npos) return address;
  if (const auto domain = canonical_domain(std::string_view(address).substr(at + 1)))
    return address.substr(0, at + 1) + *domain;
  return address;
}

void add_mailboxes(InternetAddressList* list, std::size_t limit, int depth, std::vector<envelope::Mailbox>& out) {
  if (list == nullptr || depth > 4) return;
  for (int i = 0; i < internet_address_list_length(list) && out.size() < limit; ++i) {
    auto* address = internet_address_list_get_address(list, i);
    if (INTERNET_ADDRESS_IS_GROUP(address)) {
      add_mailboxes(internet_address_group_get_members(INTERNET_ADDRESS_GROUP(address)), limit, depth + 1, out);
    } else if (INTERNET_ADDRESS_IS_MAILBOX(address)) {
      out.push_back({mailbox_address(internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(address))),
                     one_line(clean_text(internet_address_get_name(address)))});
    }
  }
}

}  // namespace

std::vector<envelope::Mailbox> parse_mailboxes(std::string_view field, std::size_t limit) {
  gmime_ready();
  std::vector<envelope::Mailbox> out;
  const auto list = parse_addresses(std::string(field));
  add_mailboxes(list.get(), limit, 0, out);
  return out;
}

}  // namespace bulla::mail
