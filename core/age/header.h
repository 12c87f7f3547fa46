// The header of an age v1 file (C2SP age §Header): version line, stanzas, MAC.
#pragma once

#include <span>
#include <vector>

#include "core/age/keys.h"

namespace bulla::age {

constexpr std::size_t kMaxHeader = 256 * 1024;
constexpr std::size_t kMaxStanzas = 64;

// Header is what was read: nothing in it is authentic before open_header.
struct Header {
  std::vector<Stanza> stanzas;
  Bytes mac;    // 32 bytes
  Bytes maced;  // the bytes under the MAC: everything up to and including "---"
};

// write_header wraps the file key for each recipient and returns the whole header, with MAC and final newline.
Result<Bytes> write_header(ByteView file_key, std::span<const Recipient* const> recipients, Random& random);
// The same for stanzas that are made already, at least one.
Bytes write_header(ByteView file_key, std::span<const Stanza> stanzas);

// read_header reads a header from the start of `in` and moves past it. kInvalid when it is not one, or is cut off.
Result<Header> read_header(Reader& in);
// HeaderScanner finds the end of a header that comes in pieces, and looks at each byte once.
class HeaderScanner {
 public:
  // scan takes the header's bytes so far (those of the last call, and more behind them). It returns the header's size,
  // nothing if more bytes are needed, or an error (kInvalid) when they cannot become a header, or are too many.
  Result<std::optional<std::size_t>> scan(ByteView bytes);

 private:
  enum class Expect { kVersion, kStanza, kBody };
  Result<bool> take_line(ByteView line);
  std::size_t position_ = 0;  // start of the first line that was not complete
  std::size_t searched_ = 0;  // no LF between position_ and here
  Expect expect_ = Expect::kVersion;
};
// header_size looks for the end of a header at the start of `bytes`: its size, nothing if more bytes are needed,
// an error when it cannot become one (or is longer than kMaxHeader).
Result<std::optional<std::size_t>> header_size(ByteView bytes);

// open_header finds the file key with the first identity that has it, and checks the MAC.
// kDenied: sealed to none of the identities. kAuthentic: MAC wrong. kInvalid: a stanza is broken.
Result<Secret> open_header(const Header& header, std::span<const Identity* const> identities);

}  // namespace bulla::age
