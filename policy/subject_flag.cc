#include "policy/subject_flag.h"

#include <glib.h>
#include <gmime/gmime.h>

#include <cstring>
#include <memory>

#include "core/base/secret.h"
#include "mail/gmime.h"

namespace bulla::policy {
namespace {

// What GLib gives back is part of a message: wiped before it is freed.
struct WipeAndFree {
  void operator()(char* text) const {
    wipe({reinterpret_cast<std::uint8_t*>(text), std::strlen(text)});
    g_free(text);
  }
};
using GlibText = std::unique_ptr<char, WipeAndFree>;

bool is_visible(gunichar c) {
  if (g_unichar_isspace(c)) return false;
  const auto type = g_unichar_type(c);
  return type != G_UNICODE_CONTROL && type != G_UNICODE_FORMAT && type != G_UNICODE_LINE_SEPARATOR &&
         type != G_UNICODE_PARAGRAPH_SEPARATOR;
}

// folded is what comparisons are made on: compatibility forms made plain, lower case, nothing invisible.
std::string folded(std::string_view text) {
  const GlibText valid(g_utf8_make_valid(text.data(), static_cast<gssize>(text.size())));
  const GlibText plain(g_utf8_normalize(valid.get(), -1, G_NORMALIZE_ALL_COMPOSE));
  const GlibText lower(g_utf8_casefold(plain ? plain.get() : valid.get(), -1));
  std::string out;
  out.reserve(std::strlen(lower.get()));
  for (const char* at = lower.get(); *at != 0; at = g_utf8_next_char(at)) {
    if (is_visible(g_utf8_get_char(at))) out.append(at, static_cast<std::size_t>(g_utf8_next_char(at) - at));
  }
  return out;
}

bool contains(std::string_view text, std::string_view folded_flag) {
  auto in = folded(text);
  const bool found = in.find(folded_flag) != std::string::npos;
  wipe(in);
  return found;
}

void decode_word(char encoding, std::string_view text, std::string& out) {
  GMimeEncoding state;
  const bool base64 = encoding == 'b' || encoding == 'B';
  g_mime_encoding_init_decode(&state, base64 ? GMIME_CONTENT_ENCODING_BASE64 : GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE);
  std::string decoded(g_mime_encoding_outlen(&state, text.size()) + 4, '\0');
  const auto size = g_mime_encoding_step(&state, text.data(), text.size(), decoded.data());
  for (std::size_t i = 0; i < size; ++i) {
    // UTF-16 and the like show their ASCII once the zero bytes are gone.
    if (decoded[i] != 0) out.push_back(!base64 && decoded[i] == '_' ? ' ' : decoded[i]);
  }
  wipe(decoded);
}

// leniently_decoded takes whatever looks like the start of an encoded word for one, whole or not.
std::string leniently_decoded(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto start = text.find("=?");
    out.append(text.substr(0, start));
    if (start == std::string_view::npos) break;
    const auto charset_end = text.find('?', start + 2);
    if (charset_end == std::string_view::npos || charset_end + 2 >= text.size() || text[charset_end + 2] != '?') {
      out.append("=?");
      text.remove_prefix(start + 2);
      continue;
    }
    const auto body = text.substr(charset_end + 3);
    const auto end = body.find("?=");
    decode_word(text[charset_end + 1], body.substr(0, end), out);
    text = end == std::string_view::npos ? std::string_view() : body.substr(end + 2);
  }
  return out;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return g_ascii_strncasecmp(a.data(), b.data(), b.size()) == 0;
}

}  // namespace

bool has_flag(const std::string& raw_subject, std::string_view flag) {
  const auto wanted = folded(flag);
  if (wanted.empty()) return false;
  if (contains(raw_subject, wanted)) return true;
  // NUL would end the text for GMime, and what stands behind it would not be looked at.
  std::string text = raw_subject;
  std::erase(text, '\0');
  mail::gmime_ready();
  const GlibText decoded(g_mime_utils_header_decode_text(nullptr, text.c_str()));
  auto lenient = leniently_decoded(text);
  const bool found = (decoded && contains(decoded.get(), wanted)) || contains(lenient, wanted);
  wipe(lenient);
  wipe(text);
  return found;
}

std::string without_flag(std::string_view subject, std::string_view flag) {
  std::string out;
  for (std::size_t at = 0; at < subject.size();) {
    if (flag.empty() || subject.size() - at < flag.size() || !equal_ignoring_case(subject.substr(at), flag)) {
      out.push_back(subject[at++]);
      continue;
    }
    at += flag.size();
    while (at < subject.size() && subject[at] == ' ') ++at;
    while (out.ends_with(' ')) out.pop_back();
    if (!out.empty() && at < subject.size()) out.push_back(' ');
  }
  return out;
}

}  // namespace bulla::policy
