#include "core/envelope/runs.h"

#include <algorithm>
#include <string>

#include "core/base/secret.h"
#include "core/envelope/base64_lines.h"

namespace bulla::envelope {
namespace {

constexpr std::size_t kPiece = 192 * 1024;

Result<> restore_run(ByteView bytes, std::uint32_t width, const ByteSink& sink) {
  Base64Lines lines(width);
  std::string text;
  const auto characters = kPiece / 3 * 4;
  text.reserve(characters + characters / width * 2 + 8);  // never moved, so wiped as a whole
  Result<> result;
  while (result && !bytes.empty()) {
    const auto piece = bytes.first(std::min(bytes.size(), kPiece));
    bytes = bytes.subspan(piece.size());
    text.clear();
    lines.append(piece, text);
    if (bytes.empty()) lines.finish(text);
    if (!text.empty()) result = sink(as_bytes(text));
  }
  wipe(text);
  return result;
}

}  // namespace

std::uint64_t run_text_size(const Run& run) {
  const auto characters = (run.size + 2) / 3 * 4;
  return characters + (characters - 1) / run.width * 2;
}

Result<> check_runs(std::span<const Run> runs, std::uint64_t stored_size) {
  if (runs.size() > kMaxRuns) return fail(Code::kInvalid, "too many runs");
  if (stored_size > kMaxMessage) return fail(Code::kInvalid, "the message is too large");
  std::uint64_t end = 0;
  for (const auto& run : runs) {
    if (run.size < 1 || run.width < 1 || run.width > kMaxRunWidth)
      return fail(Code::kInvalid, "a run is out of bounds");
    if (run.offset < end || run.offset > stored_size || run.size > stored_size - run.offset)
      return fail(Code::kInvalid, "a run is outside of the message, or not behind the one before");
    end = run.offset + run.size;
  }
  return {};
}

std::uint64_t original_size(std::span<const Run> runs, std::uint64_t stored_size) {
  for (const auto& run : runs) stored_size += run_text_size(run) - run.size;
  return stored_size;
}

std::uint64_t stored_size(std::span<const Run> runs, std::uint64_t original_size) {
  for (const auto& run : runs) original_size -= run_text_size(run) - run.size;
  return original_size;
}

Result<> restore(ByteView stored, std::span<const Run> runs, const ByteSink& sink) {
  std::size_t at = 0;
  for (const auto& run : runs) {
    const auto offset = static_cast<std::size_t>(run.offset);
    if (offset > at) BULLA_CHECK_OK(sink(stored.subspan(at, offset - at)));
    at = offset + static_cast<std::size_t>(run.size);
    BULLA_CHECK_OK(restore_run(stored.subspan(offset, at - offset), run.width, sink));
  }
  return at < stored.size() ? sink(stored.subspan(at)) : Result<>();
}

}  // namespace bulla::envelope
