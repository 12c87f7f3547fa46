#include "core/envelope/data_block.h"

#include "core/base/encoding.h"
#include "core/base/time_text.h"
#include "core/envelope/json.h"
#include "core/envelope/utf8.h"

namespace bulla::envelope {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxBlock = 64 * 1024;
constexpr std::size_t kMaxText = 900;  // of a text once it is escaped, so that its line stays below 998

// A UTF-16 unit as JSON escapes it.
std::string unit(std::uint32_t value) {
  const std::uint8_t bytes[] = {static_cast<std::uint8_t>(value >> 8), static_cast<std::uint8_t>(value)};
  return "\\u" + hex(bytes);
}

std::string escape(char32_t c) {
  if (c == U'"' || c == U'\\' || c == U'<' || c == U'>' || c == U'&' || c < 0x20 || (c > 0x7e && c < 0x10000))
    return unit(static_cast<std::uint32_t>(c));
  if (c < 0x10000) return std::string(1, static_cast<char>(c));
  const auto rest = static_cast<std::uint32_t>(c) - 0x10000;
  return unit(0xd800 + (rest >> 10)) + unit(0xdc00 + (rest & 0x3ff));
}

// A JSON string in ASCII. A text that would make the line too long is cut, and ends in an ellipsis.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const auto next = escape(next_code_point(text));
    if (out.size() + next.size() > kMaxText) {
      out += "\\u2026";
      break;
    }
    out += next;
  }
  return out + '"';
}

}  // namespace

std::string data_block_json(const DataBlock& block) {
  return "{\"v\": 1,\n\"id\": " + quoted(block.id.text()) + ",\n\"origin\": " + quoted(block.origin) +
         ",\n\"organisation\": {\"id\": " + quoted(block.organisation.id) +
         ",\n\"name\": " + quoted(block.organisation.name) +
         "},\n\"from\": {\"address\": " + quoted(block.from.address) + ",\n\"name\": " + quoted(block.from.name) +
         "},\n\"to\": " + quoted(block.to) + ",\n\"date\": " + quoted(rfc3339(block.date)) +
         ",\n\"size\": " + std::to_string(block.size) + "}";
}

Result<DataBlock> parse_data_block(std::string_view text) {
  const auto malformed = [] { return fail(Code::kInvalid, "the envelope's data block is malformed"); };
  if (text.size() > kMaxBlock) return malformed();
  BULLA_TRY(const auto value, parse_json(text));
  bool ok = true;
  const JsonObject object(value, ok);
  const auto id = EnvelopeId::parse(object.text("id", kMaxString));
  if (!id || object.number("v", 1) != 1) return malformed();
  DataBlock out{.id = *id};
  out.origin = object.text("origin", kMaxString);
  const auto organisation = object.object("organisation");
  out.organisation = {organisation.text("id", kMaxString), organisation.text("name", kMaxString)};
  const auto from = object.object("from");
  out.from = {from.text("address", kMaxString), from.text("name", kMaxString)};
  out.to = object.text("to", kMaxString);
  out.date = object.time("date");
  out.size = object.number("size", 2 * kMaxMessage);
  if (!ok) return malformed();
  return out;
}

}  // namespace bulla::envelope
