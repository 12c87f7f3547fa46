#include "smtp/data_writer.h"

#include <cstring>

namespace bulla::smtp {
namespace {

Result<> bare() {
  return fail(Code::kInvalid, "message has a bare CR or LF and cannot be sent");
}

}  // namespace

Result<> DataWriter::write(ByteView piece, Bytes& out) {
  while (!piece.empty()) {
    if (after_cr_) {
      if (piece.front() != '\n') return bare();
      out.push_back('\n');
      piece = piece.subspan(1);
      after_cr_ = false;
      line_start_ = true;
      continue;
    }
    if (line_start_ && piece.front() == '.') out.push_back('.');
    line_start_ = false;
    const void* cr = std::memchr(piece.data(), '\r', piece.size());
    const auto length =
        cr ? static_cast<std::size_t>(static_cast<const std::uint8_t*>(cr) - piece.data()) : piece.size();
    if (std::memchr(piece.data(), '\n', length)) return bare();
    after_cr_ = cr != nullptr;
    const auto taken = length + (cr ? 1 : 0);
    append(out, piece.first(taken));
    piece = piece.subspan(taken);
  }
  return {};
}

Result<> DataWriter::finish(Bytes& out) {
  if (after_cr_) return bare();
  append(out, line_start_ ? ".\r\n" : "\r\n.\r\n");
  return {};
}

}  // namespace bulla::smtp
