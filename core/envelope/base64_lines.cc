#include "core/envelope/base64_lines.h"

#include <algorithm>

#include "core/envelope/base64_codec.h"

namespace bulla::envelope {
namespace {

// Groups that are encoded before their characters are cut into lines.
constexpr std::size_t kBlock = 768 * 3;

}  // namespace

void Base64Lines::append(ByteView bytes, std::string& out) {
  if (waiting_size_ > 0) {
    const auto piece = bytes.first(std::min(bytes.size(), waiting_.size() - waiting_size_));
    std::ranges::copy(piece, waiting_.begin() + static_cast<std::ptrdiff_t>(waiting_size_));
    waiting_size_ += piece.size();
    bytes = bytes.subspan(piece.size());
    if (waiting_size_ < waiting_.size()) return;
    put_groups(waiting_, out);
    waiting_size_ = 0;
  }
  const auto whole = bytes.first(bytes.size() / 3 * 3);
  put_groups(whole, out);
  bytes = bytes.subspan(whole.size());
  std::ranges::copy(bytes, waiting_.begin());
  waiting_size_ = bytes.size();
}

void Base64Lines::finish(std::string& out) {
  if (waiting_size_ > 0) {
    auto last = waiting_;
    std::fill(last.begin() + static_cast<std::ptrdiff_t>(waiting_size_), last.end(), std::uint8_t{0});
    char text[4];
    encode_groups(last, text);
    for (std::size_t i = waiting_size_ + 1; i < 4; ++i) text[i] = '=';
    put_text({text, 4}, out);
  }
  waiting_size_ = 0;
  column_ = 0;
  wipe(waiting_);
}

void Base64Lines::put_groups(ByteView groups, std::string& out) {
  if (width_ % 4 == 0) groups = groups.subspan(put_lines(groups, out));
  std::array<char, kBlock / 3 * 4> text{};
  while (!groups.empty()) {
    const auto block = groups.first(std::min(groups.size(), kBlock));
    encode_groups(block, text.data());
    put_text({text.data(), block.size() / 3 * 4}, out);
    groups = groups.subspan(block.size());
  }
}

// Ends the current line and writes whole lines where they belong, without a second copy; returns how many bytes it
// took. At least one group is left, so that each of these lines has its end.
std::size_t Base64Lines::put_lines(ByteView groups, std::string& out) {
  const auto line_bytes = width_ / 4 * 3;
  const auto first = (width_ - column_) / 4 * 3;
  if (groups.size() <= first) return 0;
  const auto lines = (groups.size() - first - 1) / line_bytes;
  auto at = out.size();
  out.resize(at + (width_ - column_) + end_.size() + lines * (width_ + end_.size()));
  auto put_line = [&](ByteView line) {
    encode_groups(line, out.data() + at);
    at += line.size() / 3 * 4;
    std::ranges::copy(end_, out.data() + at);
    at += end_.size();
  };
  put_line(groups.first(first));
  for (std::size_t i = 0; i < lines; ++i) put_line(groups.subspan(first + i * line_bytes, line_bytes));
  column_ = 0;
  return first + lines * line_bytes;
}

// A line end is written only once another character follows, so that the last line has none.
void Base64Lines::put_text(std::string_view text, std::string& out) {
  while (!text.empty()) {
    if (column_ == width_) {
      out += end_;
      column_ = 0;
    }
    const auto piece = text.substr(0, width_ - column_);
    out += piece;
    column_ += piece.size();
    text.remove_prefix(piece.size());
  }
}

}  // namespace bulla::envelope
