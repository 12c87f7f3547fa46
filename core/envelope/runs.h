// Runs: base64 bodies that are stored decoded, in place, and come back byte for byte (envelope-format §5).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/result.h"

namespace bulla::envelope {

constexpr std::size_t kMaxRuns = 100'000;
constexpr std::uint32_t kMaxRunWidth = 65535;
// No message is larger; so sums of sizes do not overflow.
constexpr std::uint64_t kMaxMessage = std::uint64_t{1} << 40;

struct Run {
  std::uint64_t offset = 0;  // of the decoded bytes in the stored message
  std::uint64_t size = 0;    // of the decoded bytes, at least 1
  std::uint32_t width = 76;  // characters a line, 1 to kMaxRunWidth
  bool operator==(const Run&) const = default;
};

// Takes bytes that are good only during the call.
using ByteSink = std::function<Result<>(ByteView)>;

// run_text_size is the length of a run's base64 text, line ends included.
std::uint64_t run_text_size(const Run& run);

// check_runs: kInvalid unless there are at most kMaxRuns, ascending, not overlapping, in bounds, within the stored
// message.
Result<> check_runs(std::span<const Run> runs, std::uint64_t stored_size);
// original_size is the size of the restored message; the runs have been checked.
std::uint64_t original_size(std::span<const Run> runs, std::uint64_t stored_size);
// stored_size is the reverse.
std::uint64_t stored_size(std::span<const Run> runs, std::uint64_t original_size);

// store writes the stored form of a message to the sink; decoded pieces are wiped after use. The runs
// must have been made for this message (find_run); kInternal when a text is not base64 of its run's shape.
Result<> store(ByteView original, std::span<const Run> runs, const ByteSink& sink);

// restore writes the original message to the sink, in pieces. The runs have been checked.
Result<> restore(ByteView stored, std::span<const Run> runs, const ByteSink& sink);

// find_run looks at the whole text of a base64 body: nothing unless encoding it again gives the same bytes.
// The result's offset is 0.
std::optional<Run> find_run(ByteView text);

}  // namespace bulla::envelope
