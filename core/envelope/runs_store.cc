#include <algorithm>
#include <string>

#include "core/base/encoding.h"
#include "core/base/secret.h"
#include "core/envelope/base64_codec.h"
#include "core/envelope/base64_lines.h"
#include "core/envelope/runs.h"

namespace bulla::envelope {
namespace {

constexpr std::size_t kPiece = 256 * 1024;  // characters; whole groups
constexpr std::string_view kLineEnd = "\r\n";

// LineReader gives the characters of a base64 text without its line ends, as whole groups, and checks that there is a
// line end after each `width` characters and nowhere else.
class LineReader {
 public:
  LineReader(ByteView text, std::size_t width) : rest_(text), width_(width) {}

  bool at_end() const { return rest_.empty(); }

  // next appends characters to `out` until it holds kPiece or the text ends; false if a line end is not where it ought
  // to be.
  bool next(Bytes& out) {
    while (!rest_.empty() && out.size() < kPiece) {
      if (column_ == width_) {
        if (!as_text(rest_).starts_with(kLineEnd)) return false;
        rest_ = rest_.subspan(kLineEnd.size());
        column_ = 0;
        if (rest_.empty()) return false;
      }
      const auto piece = rest_.first(std::min({rest_.size(), width_ - column_, kPiece - out.size()}));
      append(out, piece);
      column_ += piece.size();
      rest_ = rest_.subspan(piece.size());
    }
    return true;
  }

 private:
  ByteView rest_;
  std::size_t width_;
  std::size_t column_ = 0;
};

// decode_piece decodes whole groups; the last of a text may be padded.
bool decode_piece(ByteView characters, bool last, Bytes& out) {
  if (characters.empty() || characters.size() % 4 != 0) return false;
  const auto plain = characters.first(characters.size() - (last ? 4 : 0));
  out.resize(plain.size() / 4 * 3);
  if (!decode_groups(plain, out.data())) return false;
  if (!last) return true;
  const auto group = decode_base64(as_text(characters.last(4)));
  if (!group) return false;
  append(out, *group);
  return true;
}

// decode_text decodes a whole base64 body and hands it on in pieces; false if it is not base64 in lines of `width`.
template <class Take>
Result<bool> decode_text(ByteView text, std::size_t width, const Take& take) {
  LineReader reader(text, width);
  Bytes characters, bytes;
  characters.reserve(kPiece);
  bytes.reserve(kPiece);
  Result<bool> result = true;
  while (result && *result && !reader.at_end()) {
    characters.clear();
    if (!reader.next(characters) || !decode_piece(characters, reader.at_end(), bytes))
      result = false;
    else
      result = take(bytes);
  }
  wipe(characters);
  wipe(bytes);
  return result;
}

std::size_t first_line(ByteView text) {
  return std::min(as_text(text).find('\r'), text.size());
}

}  // namespace

Result<> store(ByteView original, std::span<const Run> runs, const ByteSink& sink) {
  std::size_t at = 0;        // in the original
  std::uint64_t stored = 0;  // the same place in the stored message
  auto copy = [&](std::size_t size) -> Result<> {
    if (size > original.size() - at) return fail(Code::kInternal, "a run is outside of its message");
    const auto piece = original.subspan(at, size);
    at += size;
    stored += size;
    return piece.empty() ? Result<>() : sink(piece);
  };
  for (const auto& run : runs) {
    BULLA_CHECK_OK(copy(static_cast<std::size_t>(run.offset - stored)));
    const auto size = run_text_size(run);
    if (size > original.size() - at) return fail(Code::kInternal, "a run is outside of its message");
    const auto text = original.subspan(at, static_cast<std::size_t>(size));
    BULLA_TRY(const bool decoded, decode_text(text, run.width, [&](ByteView bytes) -> Result<bool> {
                BULLA_CHECK_OK(sink(bytes));
                return true;
              }));
    if (!decoded) return fail(Code::kInternal, "a run does not fit its message");
    at += text.size();
    stored += run.size;
  }
  return copy(original.size() - at);
}

std::optional<Run> find_run(ByteView text) {
  if (text.empty()) return std::nullopt;
  const auto width = first_line(text);
  if (width == 0 || width > kMaxRunWidth) return std::nullopt;
  Run run{.offset = 0, .size = 0, .width = static_cast<std::uint32_t>(width)};
  if (width == text.size() && width < 76) run.width = 76;  // one line: any width above would do as well
  Base64Lines lines(run.width);
  std::string again;
  again.reserve(kPiece + kPiece / width * kLineEnd.size() + kLineEnd.size());  // never moved, so wiped as a whole
  std::size_t compared = 0;
  auto same = [&] {
    const bool equal = again.size() <= text.size() - compared && as_text(text.subspan(compared, again.size())) == again;
    compared += again.size();
    again.clear();
    return equal;
  };
  const auto decoded = decode_text(text, run.width, [&](ByteView bytes) -> Result<bool> {
    run.size += bytes.size();
    lines.append(bytes, again);
    return same();
  });
  bool equal = decoded && *decoded;
  lines.finish(again);
  equal = same() && equal && compared == text.size() && run.size > 0;
  wipe(again);
  return equal ? std::optional(run) : std::nullopt;
}

}  // namespace bulla::envelope
