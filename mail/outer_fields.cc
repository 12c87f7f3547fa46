#include <algorithm>
#include <array>

#include "mail/address.h"
#include "mail/compose.h"
#include "mail/fields.h"
#include "mail/gmime.h"

namespace bulla::mail {
namespace {

constexpr std::size_t kMaxField = 64 * 1024;
constexpr std::size_t kMaxFields = 256 * 1024;  // all together
constexpr std::size_t kMaxLine = 998;

enum class Kind { kAddresses, kStructured, kText };
struct Kept {
  std::string_view name;
  Kind kind;
  bool once;
};
constexpr auto kKept = std::to_array<Kept>({{"From", Kind::kAddresses, true},
                                            {"Sender", Kind::kAddresses, true},
                                            {"Reply-To", Kind::kAddresses, true},
                                            {"To", Kind::kAddresses, false},
                                            {"Cc", Kind::kAddresses, false},
                                            {"Date", Kind::kStructured, true},
                                            {"Message-ID", Kind::kStructured, true},
                                            {"In-Reply-To", Kind::kStructured, true},
                                            {"References", Kind::kStructured, true},
                                            {"Auto-Submitted", Kind::kStructured, true},
                                            {"Precedence", Kind::kStructured, true},
                                            {"Importance", Kind::kStructured, true},
                                            {"List-Id", Kind::kText, true},
                                            {"List-Unsubscribe", Kind::kStructured, true}});

// A field may go out as it is if it is printable ASCII in lines that end in CRLF and are short enough.
bool is_clean(std::string_view raw) {
  while (!raw.empty()) {
    const auto end = raw.find("\r\n");
    if (end > kMaxLine) return false;  // or there is none
    const auto line = raw.substr(0, end);
    auto printable = [](char c) { return (c >= 0x20 && c < 0x7f) || c == '\t'; };
    if (!std::ranges::all_of(line, printable)) return false;
    if (line.find_first_not_of(" \t") == std::string_view::npos) return false;  // would look like the header's end
    raw.remove_prefix(end + 2);
  }
  return true;
}

std::string field_of_text(std::string_view name, std::string_view text) {
  const auto format = crlf_format();
  // The charset is stated so that a text never depends on the locale.
  const CString encoded(g_mime_utils_header_encode_text(format.get(), one_line(text).c_str(), "utf-8"));
  const auto unfolded = std::string(name) + ": " + encoded.get();
  const CString folded(g_mime_utils_unstructured_header_fold(nullptr, format.get(), unfolded.c_str()));
  auto out = std::string(folded.get());
  while (out.ends_with('\n') || out.ends_with('\r')) out.pop_back();
  return out + "\r\n";
}

std::string field_of_addresses(std::string_view name, std::string_view value) {
  const Ref<InternetAddressList> list(internet_address_list_new());
  for (const auto& mailbox : parse_mailboxes(value)) {
    auto* address =
        internet_address_mailbox_new(mailbox.name.empty() ? nullptr : mailbox.name.c_str(), mailbox.address.c_str());
    internet_address_set_charset(address, "utf-8");
    internet_address_list_add(list.get(), address);
    g_object_unref(address);
  }
  if (internet_address_list_length(list.get()) == 0) return {};
  const auto format = crlf_format();
  GString* text = g_string_new((std::string(name) + ": ").c_str());
  internet_address_list_encode(list.get(), format.get(), text);
  auto out = std::string(text->str, text->len);
  g_string_free(text, TRUE);
  while (out.ends_with('\n') || out.ends_with('\r')) out.pop_back();
  return out + "\r\n";
}

// The field as it may go out; "" when it cannot.
std::string kept_field(const Field& field, const Kept& kept) {
  if (field.raw.size() > kMaxField) return {};
  if (is_clean(as_text(field.raw))) return std::string(as_text(field.raw));
  std::string out;
  if (kept.kind == Kind::kAddresses) out = field_of_addresses(kept.name, field.value());
  if (kept.kind == Kind::kText) {
    const CString text(g_mime_utils_header_decode_text(nullptr, field.value().c_str()));
    out = field_of_text(kept.name, clean_text(text.get()));
  }
  return is_clean(out) ? out : std::string();
}

}  // namespace

OuterFields outer_fields(ByteView message) {
  gmime_ready();
  const HeaderFields header(message);
  OuterFields out;
  for (const auto& kept : kKept) {
    for (const auto& field : header.fields()) {
      if (!field.is(kept.name)) continue;
      const auto text = kept_field(field, kept);
      if (out.fields.size() + text.size() <= kMaxFields) out.fields += text;
      if (kept.once) break;
    }
  }
  if (const auto* subject = header.find("subject")) out.subject = kept_field(*subject, {"Subject", Kind::kText, true});
  return out;
}

std::string subject_field(std::string_view text) {
  gmime_ready();
  return field_of_text("Subject", text);
}

}  // namespace bulla::mail
