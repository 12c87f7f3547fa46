// Recipient stanzas: "-> TYPE ARG ARG\n" and a body in base64 (C2SP age §Recipient stanza).
#pragma once

#include <string>
#include <vector>

#include "core/base/reader.h"
#include "core/base/result.h"

namespace bulla::age {

constexpr std::size_t kMaxStanzaBody = 64 * 1024;
// The line "-> ...", which holds type and arguments; a hybrid post-quantum stanza's has 1.5 kB.
constexpr std::size_t kMaxStanzaLine = 4096;

// Stanza is one recipient's way to the file key.
struct Stanza {
  std::string type;  // like the arguments: one or more characters of 0x21 to 0x7e
  std::vector<std::string> args;
  Bytes body;
};

// write_stanza appends the text of the stanza, with its final newline. A stanza that has no text is a bug and aborts.
void write_stanza(Bytes& out, const Stanza& stanza);
// read_stanza reads one stanza, exactly as write_stanza would write it, and moves past it. kInvalid otherwise.
Result<Stanza> read_stanza(Reader& in);

// stanza_text and parse_stanza: the same for a stanza that stands alone in a text, nothing before or behind it.
std::string stanza_text(const Stanza& stanza);
Result<Stanza> parse_stanza(std::string_view text);

}  // namespace bulla::age
