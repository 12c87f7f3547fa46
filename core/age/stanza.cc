#include "core/age/stanza.h"

#include <algorithm>

#include "core/base/check.h"
#include "core/base/encoding.h"

namespace bulla::age {
namespace {

constexpr std::string_view kStart = "-> ";
constexpr std::size_t kColumns = 64;                   // of a full line of the body
constexpr std::size_t kBytesALine = kColumns / 4 * 3;  // that it holds

bool is_argument(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= 0x21 && c <= 0x7e; });
}

// Splits at single spaces; nothing unless each piece is an argument.
std::optional<std::vector<std::string>> split_arguments(std::string_view line) {
  std::vector<std::string> out;
  for (;;) {
    auto space = line.find(' ');
    auto argument = line.substr(0, space);
    if (!is_argument(argument)) return std::nullopt;
    out.emplace_back(argument);
    if (space == std::string_view::npos) return out;
    line.remove_prefix(space + 1);
  }
}

// Reads full lines and then a shorter one, which may be empty.
Result<Bytes> read_body(Reader& in) {
  Bytes body;
  for (;;) {
    auto line = in.line(kColumns);
    if (!line) return fail(Code::kInvalid, "a stanza's body is cut off, or has a line of more than 64 characters");
    auto bytes = decode_base64_raw(as_text(*line));
    if (!bytes) return fail(Code::kInvalid, "a stanza's body is not base64 as age writes it");
    append(body, *bytes);
    if (body.size() > kMaxStanzaBody) return fail(Code::kInvalid, "a stanza's body is too long");
    if (line->size() < kColumns) return body;
  }
}

}  // namespace

void write_stanza(Bytes& out, const Stanza& stanza) {
  BULLA_ASSERT(is_argument(stanza.type));
  append(out, kStart);
  append(out, stanza.type);
  for (auto& argument : stanza.args) {
    BULLA_ASSERT(is_argument(argument));
    append(out, " ");
    append(out, argument);
  }
  append(out, "\n");
  ByteView rest = stanza.body;
  while (rest.size() >= kBytesALine) {
    append(out, base64_raw(rest.first(kBytesALine)));
    append(out, "\n");
    rest = rest.subspan(kBytesALine);
  }
  append(out, base64_raw(rest));
  append(out, "\n");
}

Result<Stanza> read_stanza(Reader& in) {
  Reader reader = in;
  auto line = reader.line(kMaxStanzaLine);
  if (!line) return fail(Code::kInvalid, "a stanza is cut off, or its first line is too long");
  auto text = as_text(*line);
  if (!text.starts_with(kStart)) return fail(Code::kInvalid, "a stanza does not begin with \"-> \"");
  auto arguments = split_arguments(text.substr(kStart.size()));
  if (!arguments) return fail(Code::kInvalid, "a stanza's first line is malformed");
  Stanza stanza;
  stanza.type = std::move(arguments->front());
  stanza.args.assign(std::move_iterator(arguments->begin() + 1), std::move_iterator(arguments->end()));
  BULLA_TRY(stanza.body, read_body(reader));
  in = reader;
  return stanza;
}

std::string stanza_text(const Stanza& stanza) {
  Bytes out;
  write_stanza(out, stanza);
  return to_string(out);
}

Result<Stanza> parse_stanza(std::string_view text) {
  Reader in(as_bytes(text));
  BULLA_TRY(auto stanza, read_stanza(in));
  if (!in.at_end()) return fail(Code::kInvalid, "something stands behind a stanza");
  return stanza;
}

}  // namespace bulla::age
