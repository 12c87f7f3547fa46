// The index of a message: its headers decoded, and where each part is (envelope-format §6). mail/ makes it, the
// manifest carries it. All strings are valid UTF-8.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/envelope/runs.h"

namespace bulla::envelope {

// Bounds of an index; beyond them a message is sealed with `complete == false` or lists are cut.
constexpr std::size_t kMaxParts = 1000;
constexpr int kMaxNesting = 50;
constexpr std::size_t kMaxMailboxes = 1000;
constexpr std::size_t kMaxString = 16 * 1024;

struct Mailbox {
  std::string address;  // local@domain; "" when it could not be read
  std::string name;     // decoded; "" when none
  bool operator==(const Mailbox&) const = default;
};

enum class Disposition { kNone, kInline, kAttachment };

// How a part's bytes are still encoded in the stored message.
enum class Encoding { kIdentity, kBase64, kQuotedPrintable, kOther };

struct Part {
  std::string type;     // media type, lower case
  std::string charset;  // lower case; "" when none is declared
  std::string name;     // file name, decoded, not made safe; "" when none
  Disposition disposition = Disposition::kNone;
  std::string cid;           // without angle brackets
  std::uint64_t offset = 0;  // in the stored message
  std::uint64_t size = 0;
  Encoding encoding = Encoding::kIdentity;
  bool operator==(const Part&) const = default;
};

// BodyGroup is a piece of the letter: indexes of parts; both mean alternatives of the same text.
struct BodyGroup {
  std::optional<std::uint32_t> text;
  std::optional<std::uint32_t> html;
  bool operator==(const BodyGroup&) const = default;
};

struct MessageIndex {
  Mailbox from;                   // the first mailbox of the first From field; empty when there is none
  std::optional<Mailbox> sender;  // Sender, when it differs from `from`
  std::vector<Mailbox> to, cc;
  std::string subject;         // one line
  std::optional<Millis> date;  // Date, when it can be read
  std::string message_id;      // without angle brackets; "" when none

  bool complete = false;  // false: parts, body and runs are empty
  std::vector<Part> parts;
  std::vector<BodyGroup> body;
  std::vector<Run> runs;
};

}  // namespace bulla::envelope
