// The reader of DATA gives the same message for any pieces, ends where the bytes CRLF.CRLF stand first and nowhere
// else, and reads what the writer writes. The first byte chooses the pieces.
#include <optional>

#include "fuzz/fuzzer.h"
#include "smtp/data_reader.h"
#include "smtp/data_writer.h"

using namespace bulla;
using namespace bulla::smtp;

namespace {

constexpr std::uint64_t kMaxSize = 10'000;
constexpr std::uint64_t kMaxLine = 500;

struct Read {
  std::string message;
  std::size_t used = 0;
  bool done = false;
  bool good = false;
  bool bare = false;
};

Read read(ByteView input, std::size_t step) {
  DataReader reader(kMaxSize, kMaxLine);
  Read out;
  while (!input.empty() && !reader.done()) {
    ByteView piece = input.first(std::min(step, input.size()));
    const auto given = piece.size();
    while (!piece.empty() && !reader.done()) out.message += as_text(reader.next(piece));
    out.used += given - piece.size();
    input = input.subspan(given);
  }
  out.done = reader.done();
  out.good = reader.good();
  out.bare = reader.bare_line_end();
  BULLA_ASSERT(!out.good || out.message.size() == reader.size());
  return out;
}

// Where a message ends, found in the plainest way: right behind the first "\r\n.\r\n", if one imagines a line end
// before.
std::optional<std::size_t> end_of(std::string_view text) {
  if (text.starts_with(".\r\n")) return 3;
  const auto found = text.find("\r\n.\r\n");
  if (found == std::string_view::npos) return std::nullopt;
  return found + 5;
}

bool has_bare_line_end(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\r' && i + 1 < text.size() && text[i + 1] != '\n') return true;
    if (text[i] == '\n' && (i == 0 || text[i - 1] != '\r')) return true;
  }
  return false;
}

void check_round_trip(ByteView message, std::size_t step) {
  DataWriter writer;
  Bytes wire;
  for (ByteView rest = message; !rest.empty();) {
    const auto piece = rest.first(std::min(step, rest.size()));
    rest = rest.subspan(piece.size());
    if (!writer.write(piece, wire)) {
      BULLA_ASSERT(has_bare_line_end(as_text(message)));
      return;
    }
  }
  if (!writer.finish(wire)) {
    BULLA_ASSERT(as_text(message).ends_with('\r'));
    return;
  }
  BULLA_ASSERT(!has_bare_line_end(as_text(message)));
  const auto again = read(wire, step);
  std::string expected(as_text(message));
  if (!expected.empty() && !expected.ends_with("\r\n")) expected += "\r\n";
  BULLA_ASSERT(again.done && again.used == wire.size());
  if (again.good) BULLA_ASSERT(again.message == expected);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const std::size_t step = 1 + input.byte() % 64;
  const ByteView rest = input.rest();
  const auto whole = read(rest, std::max<std::size_t>(1, rest.size()));
  const auto pieces = read(rest, step);
  BULLA_ASSERT(whole.done == pieces.done && whole.good == pieces.good && whole.used == pieces.used);
  if (whole.good) fuzz::accepted();
  if (whole.good) BULLA_ASSERT(whole.message == pieces.message);
  const auto end = end_of(as_text(rest));
  BULLA_ASSERT(whole.done == end.has_value());
  if (end) BULLA_ASSERT(whole.used == *end);
  BULLA_ASSERT(whole.bare == has_bare_line_end(as_text(rest.first(whole.used))));
  check_round_trip(rest, step);
  return 0;
}
