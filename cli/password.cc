#include "cli/password.h"

#include <glib.h>

#include <algorithm>
#include <cstdio>

#include "core/crypto/equal.h"

namespace bulla::cli {
namespace {

constexpr int kAttempts = 3;

Result<Secret> long_enough(Result<Secret> password) {
  if (!password) return password;
  const auto text = password->reveal();
  const auto characters = g_utf8_strlen(reinterpret_cast<const char*>(text.data()), static_cast<gssize>(text.size()));
  if (static_cast<std::size_t>(characters) >= kMinPassword) return password;
  return fail(Code::kInvalid, "a password has at least " + std::to_string(kMinPassword) + " characters",
              "several words in a row are easy to remember");
}

Result<Secret> ask_twice(const Question& question) {
  BULLA_TRY(auto password, long_enough(ask_password(question)));
  auto once_more = question;
  once_more.text = "The same again: ";
  BULLA_TRY(const auto again, ask_password(once_more));
  if (!crypto::equal(password.reveal(), again.reveal())) return fail(Code::kInvalid, "the two passwords differ");
  return password;
}

}  // namespace

Result<Secret> composed(const Secret& typed) {
  const auto text = typed.reveal();
  // In ASCII there is one form; and glib's own buffers are not wiped.
  if (std::ranges::all_of(text, [](std::uint8_t byte) { return byte != 0 && byte < 0x80; }))
    return Secret::copy_of(text);
  // glib reads a byte that is not UTF-8 as the end; and it wants no NUL.
  const auto* start = reinterpret_cast<const char*>(text.data());
  if (g_utf8_validate_len(start, text.size(), nullptr) == 0)
    return fail(Code::kInvalid, "the password is not valid UTF-8", "look at the terminal's or the file's encoding");
  char* nfc = g_utf8_normalize(start, static_cast<gssize>(text.size()), G_NORMALIZE_NFC);
  if (nfc == nullptr) return fail(Code::kInvalid, "the password is not valid UTF-8");
  auto out = Secret::copy_of(as_bytes(nfc));
  wipe(std::span(reinterpret_cast<std::uint8_t*>(nfc), out.size()));
  g_free(nfc);
  return out;
}

Result<Secret> ask_password(const Question& question) {
  BULLA_TRY(const auto typed, ask_secret(question));
  return composed(typed);
}

Result<Secret> ask_new_password(const Question& question) {
  if (!question.file.empty()) return long_enough(ask_password(question));
  for (int attempt = 1;; ++attempt) {
    auto password = ask_twice(question);
    if (password || password.error().code != Code::kInvalid || attempt == kAttempts) return password;
    std::fprintf(stderr, "%s. Once more, please.\n", password.error().text.c_str());
  }
}

}  // namespace bulla::cli
