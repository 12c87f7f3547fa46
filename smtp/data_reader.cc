#include "smtp/data_reader.h"

#include <cstring>

namespace bulla::smtp {
namespace {

constexpr std::uint8_t kCrLf[] = {'\r', '\n'};

// Where the byte stands in `in`, or in.size().
std::size_t find(ByteView in, char byte) {
  const void* found = in.empty() ? nullptr : std::memchr(in.data(), byte, in.size());
  return found ? static_cast<std::size_t>(static_cast<const std::uint8_t*>(found) - in.data()) : in.size();
}

}  // namespace

ByteView DataReader::next(ByteView& in) {
  while (!in.empty() && state_ != State::kDone) {
    if (state_ == State::kDot && in.front() != '\r') state_ = State::kText;  // the dot was stuffing
    ByteView piece;
    if (state_ == State::kText || (state_ == State::kLineStart && in.front() != '.')) {
      piece = give(text(in));
    } else {
      const auto byte = in.front();
      in = in.subspan(1);
      piece = give(step(byte));
    }
    if (!piece.empty()) return piece;
  }
  return {};
}

// One byte where a line begins or may end.
ByteView DataReader::step(std::uint8_t byte) {
  switch (state_) {
    case State::kLineStart:
      state_ = State::kDot;
      return {};
    case State::kDot:
      state_ = State::kDotCr;
      return {};
    case State::kDotCr:
      if (byte == '\n') {
        state_ = State::kDone;
        return {};
      }
      break;
    case State::kCr:
      if (byte == '\n') {
        end_line();
        return kCrLf;
      }
      break;
    case State::kText:
    case State::kDone:
      return {};
  }
  bare_line_end_ = true;
  state_ = byte == '\r' ? State::kCr : State::kText;
  return {};
}

// As many whole lines as have no dot to be undone, and what is there of the next.
ByteView DataReader::text(ByteView& in) {
  std::size_t at = 0;
  while (at < in.size()) {
    if (state_ == State::kLineStart && in[at] == '.') break;
    state_ = State::kText;
    const auto length = find(in.subspan(at), '\r');
    // LF is looked for only until the first bad one is found: the time stays linear for a message that is all LF.
    if (!bare_line_end_ && find(in.subspan(at, length), '\n') != length) bare_line_end_ = true;
    line_ += length;
    if (line_ > max_line_) line_too_long_ = true;
    at += length;
    if (at == in.size()) break;
    if (at + 1 == in.size()) {
      const auto piece = in.first(at);
      in = {};
      state_ = State::kCr;
      return piece;
    }
    if (in[at + 1] == '\n') {
      at += 2;
      end_line();
    } else {
      bare_line_end_ = true;
      ++at;
    }
  }
  const auto piece = in.first(at);
  in = in.subspan(at);
  return piece;
}

void DataReader::end_line() {
  state_ = State::kLineStart;
  line_ = 0;
}

ByteView DataReader::give(ByteView piece) {
  size_ += piece.size();
  if (size_ > max_size_) too_big_ = true;
  return good() ? piece : ByteView();
}

}  // namespace bulla::smtp
