#include "core/age/header.h"

#include "core/base/check.h"
#include "core/base/encoding.h"
#include "core/crypto/aead.h"
#include "core/crypto/equal.h"
#include "core/crypto/hash.h"
#include "core/crypto/hkdf.h"

namespace bulla::age {
namespace {

constexpr std::string_view kVersionLine = "age-encryption.org/v1";
constexpr std::string_view kEnd = "---";
constexpr std::size_t kMacSize = 32;
constexpr std::size_t kEndLineSize = 4 + 43;  // "--- " and the MAC in base64

crypto::Sha256Digest header_mac(ByteView file_key, ByteView maced) {
  auto key = crypto::hkdf_sha256(file_key, {}, "header", 32);
  return crypto::hmac_sha256(key.reveal(), maced);
}

std::unexpected<Error> not_age() {
  return fail(Code::kInvalid, "this is not an age file", "It should begin with \"age-encryption.org/v1\".");
}

}  // namespace

Result<Bytes> write_header(ByteView file_key, std::span<const Recipient* const> recipients, Random& random) {
  std::vector<Stanza> stanzas;
  stanzas.reserve(recipients.size());
  for (auto* recipient : recipients) {
    BULLA_TRY(auto stanza, recipient->wrap(file_key, random));
    stanzas.push_back(std::move(stanza));
  }
  return write_header(file_key, stanzas);
}

Bytes write_header(ByteView file_key, std::span<const Stanza> stanzas) {
  BULLA_ASSERT(file_key.size() == kFileKeySize);
  BULLA_ASSERT(!stanzas.empty() && stanzas.size() <= kMaxStanzas);
  Bytes out;
  append(out, kVersionLine);
  append(out, "\n");
  for (auto& stanza : stanzas) write_stanza(out, stanza);
  append(out, kEnd);
  auto mac = header_mac(file_key, out);
  append(out, " ");
  append(out, base64_raw(mac));
  append(out, "\n");
  BULLA_ASSERT(out.size() <= kMaxHeader);
  return out;
}

Result<Header> read_header(Reader& in) {
  const auto all = in.rest().first(std::min(in.rest().size(), kMaxHeader));
  Reader reader(all);
  auto version = reader.line(kVersionLine.size());
  if (!version || as_text(*version) != kVersionLine) return not_age();

  Header header;
  while (!as_text(reader.rest()).starts_with(kEnd)) {
    if (header.stanzas.size() == kMaxStanzas) return fail(Code::kInvalid, "an age header has too many stanzas");
    BULLA_TRY(auto stanza, read_stanza(reader));
    header.stanzas.push_back(std::move(stanza));
  }
  if (header.stanzas.empty()) return fail(Code::kInvalid, "an age header has no stanza");
  header.maced = to_bytes(all.first(all.size() - reader.rest().size() + kEnd.size()));

  auto end = reader.line(kEndLineSize);
  if (!end || end->size() != kEndLineSize || (*end)[kEnd.size()] != ' ')
    return fail(Code::kInvalid, "an age header's last line is malformed");
  auto mac = decode_base64_raw(as_text(*end).substr(kEnd.size() + 1));
  if (!mac || mac->size() != kMacSize) return fail(Code::kInvalid, "an age header's MAC is malformed");
  header.mac = std::move(*mac);
  in = Reader(in.rest().subspan(all.size() - reader.rest().size()));
  return header;
}

Result<std::optional<std::size_t>> HeaderScanner::scan(ByteView bytes) {
  for (;;) {
    while (searched_ < bytes.size() && bytes[searched_] != '\n') ++searched_;
    auto line = bytes.subspan(position_, searched_ - position_);
    if (searched_ >= kMaxHeader || line.size() > kMaxStanzaLine)
      return fail(Code::kInvalid, "an age header is too long, or a line of it");
    if (expect_ == Expect::kVersion && !kVersionLine.starts_with(as_text(line))) return not_age();
    if (searched_ == bytes.size()) return std::nullopt;
    position_ = ++searched_;
    BULLA_TRY(bool end, take_line(line));
    if (end) return position_;
  }
}

// Looks at a complete line no closer than it must to find the end; read_header checks the rest.
Result<bool> HeaderScanner::take_line(ByteView line) {
  auto text = as_text(line);
  switch (expect_) {
    case Expect::kVersion:
      if (text != kVersionLine) return not_age();
      expect_ = Expect::kStanza;
      return false;
    case Expect::kStanza:
      if (text.starts_with(kEnd)) return true;
      if (!text.starts_with("-> ")) return fail(Code::kInvalid, "an age header is malformed");
      expect_ = Expect::kBody;
      return false;
    case Expect::kBody:
      if (text.size() < 64) expect_ = Expect::kStanza;
      return false;
  }
  return false;
}

Result<std::optional<std::size_t>> header_size(ByteView bytes) {
  return HeaderScanner().scan(bytes);
}

Result<Secret> open_header(const Header& header, std::span<const Identity* const> identities) {
  for (auto* identity : identities) {
    BULLA_TRY(auto file_key, identity->unwrap(header.stanzas));
    if (!file_key) continue;
    if (file_key->size() != kFileKeySize) return fail(Code::kInvalid, "a file key is 16 bytes");
    if (!crypto::equal(header_mac(file_key->reveal(), header.maced), header.mac))
      return fail(Code::kAuthentic, crypto::kDoesNotDecrypt);
    return std::move(*file_key);
  }
  return fail(Code::kDenied, "it is not sealed to this key", "Open it with the key of one of its recipients.");
}

}  // namespace bulla::age
