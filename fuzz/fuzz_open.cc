// What the AEAD keeps from all other harnesses: the inside of an envelope, which a hostile sender makes at will. A
// content is sealed under a fixed file key and opened, whole and in pieces: both ways agree, and nothing opens that our
// key has not signed, or that is not padded as the format says.
//
// First byte: how (see Choice). Then the size of the stanza's arguments (1 byte) and these; 0 leaves the proper ones.
// Then either a content as it is, or the size of a message (2 bytes), the message, and the manifest to be signed. In
// arguments and manifest @ID, @SHARE, @KEY, @SIZE and @ROOT stand for what is right.
#include "core/base/encoding.h"
#include "core/envelope/padme.h"
#include "core/envelope/testing.h"
#include "fuzz/fuzzer.h"

using namespace bulla;

namespace {

enum Choice : std::uint8_t { kSigned = 1, kOtherKey = 2, kOddSize = 4, kOddPadding = 8, kOtherRoot = 16 };

constexpr ByteArray<age::kFileKeySize> kFileKey = {1, 2, 3};

// What is fixed: the id, the shares, and the organisation's key.
struct Fixed {
  envelope::testing::World world;
  envelope::EnvelopeId id = envelope::EnvelopeId::make(world.clock, world.random).value();
  envelope::Shares shares = envelope::Shares::make(world.random).value();
  envelope::Release release{id, shares.server.clone(), {world.key.public_key()}, {"acme.example"}};
  age::Stanza stanza = envelope::SplitRecipient(id, shares.clone()).wrap(kFileKey, world.random).value();
};

Fixed& fixed() {
  static Fixed made;
  return made;
}

ByteView take(fuzz::Input& input, std::size_t size) {
  const auto bytes = input.rest().first(std::min(size, input.rest().size()));
  for (std::size_t i = 0; i < bytes.size(); ++i) input.byte();
  return bytes;
}

void replace(std::string& text, std::string_view mark, const std::string& value) {
  for (auto at = text.find(mark); at != text.npos; at = text.find(mark, at + value.size()))
    text.replace(at, mark.size(), value);
}

std::string manifest_of(ByteView text, ByteView message, bool other_root) {
  auto root = envelope::root_hash(message);
  if (other_root) root[0] ^= 1;
  std::string manifest(as_text(text));
  replace(manifest, "@ID", fixed().id.text());
  replace(manifest, "@KEY", base64url(fixed().world.key.public_key()));
  replace(manifest, "@SIZE", std::to_string(message.size()));
  replace(manifest, "@ROOT", base64url(root));
  return manifest;
}

// A content as a sender's program would make it, but for what was chosen to be wrong.
Bytes signed_content(unsigned choice, ByteView message, const std::string& manifest) {
  auto content = to_bytes(message);
  const auto unpadded = message.size() + manifest.size() + envelope::kTrailerSize;
  content.resize(message.size() + envelope::padme(unpadded) - unpadded);
  if (choice & kOddSize) content.push_back(0);
  if (choice & kOddPadding) {
    content.resize(std::max(content.size(), message.size() + 1));
    content.back() = 1;
  }
  append(content, manifest);
  static const auto other = envelope::testing::signing_key("somebody else");
  const auto& key = choice & kOtherKey ? other : fixed().world.key;
  append(content, key.sign(envelope::signed_bytes(as_bytes(manifest))));
  append_u32_be(content, static_cast<std::uint32_t>(manifest.size()));
  return content;
}

// The proper stanza, or one with the input's arguments. What cannot be written is left out.
age::Stanza stanza_of(ByteView arguments) {
  auto stanza = fixed().stanza;
  if (arguments.empty()) return stanza;
  std::string text(as_text(arguments));
  replace(text, "@ID", fixed().id.text());
  replace(text, "@SHARE", base64url(fixed().shares.envelope.reveal()));
  stanza.args = {""};
  for (const char c : text) {
    if (c > 0x20 && c < 0x7f) stanza.args.back() += c;
    if (c == ' ' && !stanza.args.back().empty()) stanza.args.emplace_back();
  }
  if (stanza.args.back().empty()) stanza.args.pop_back();
  return stanza;
}

Bytes seal(const age::Stanza& stanza, ByteView content) {
  auto file = age::write_header(kFileKey, {&stanza, 1});
  test::FixedRandom random;
  auto sealer = age::StreamSealer::start(kFileKey, random, [&](ByteView bytes) -> Result<> {
    append(file, bytes);
    return {};
  });
  BULLA_ASSERT(sealer && sealer->write(content) && sealer->finish());
  return file;
}

// A content that comes in pieces is the same, and is taken apart the same way. True: it could be.
bool check_pieces(ByteView file, ByteView content, bool proper_stanza) {
  auto opener = envelope::ContentOpener::start(fixed().id, fixed().shares.server.reveal(), file.size()).value();
  for (auto rest = file; !rest.empty();) {
    const auto piece = rest.first(std::min<std::size_t>(rest.size(), 777));
    rest = rest.subspan(piece.size());
    if (!opener->write(piece)) break;
  }
  const auto view = opener->finish();
  const auto plain = envelope::split_content(content);
  BULLA_ASSERT(view.has_value() == (plain.has_value() && proper_stanza));
  if (view) BULLA_ASSERT(equal_public(view->body, plain->body) && equal_public(view->manifest, plain->manifest));
  return view.has_value();
}

void check_opened(const envelope::OpenEnvelope& opened, ByteView message) {
  const auto& manifest = opened.manifest();
  BULLA_ASSERT(manifest.id == fixed().id && manifest.from.address.ends_with("@acme.example"));
  BULLA_ASSERT(equal_public(opened.stored(), message) && manifest.size == message.size());
  for (const auto& part : manifest.parts) BULLA_ASSERT(opened.part(part).size() == part.size);
  if (manifest.original_size > 1 << 20) return;  // short runs in narrow lines: true, and slow
  const auto original = envelope::testing::original_of(opened);
  BULLA_ASSERT(original && original->size() == manifest.original_size);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const unsigned choice = input.byte();
  const auto arguments = take(input, input.byte());
  ByteView message;
  auto content = to_bytes(input.rest());
  if (choice & kSigned) {
    const std::size_t message_size = input.byte() * std::size_t{256} + input.byte();
    message = take(input, message_size);
    content = signed_content(choice, message, manifest_of(input.rest(), message, choice & kOtherRoot));
  }
  const auto stanza = stanza_of(arguments);
  const bool proper = stanza.args == fixed().stanza.args;
  const auto file = seal(stanza, content);
  const bool apart = check_pieces(file, content, proper);
  const auto opened = envelope::open_envelope(file, fixed().release);
  if (!opened) {
    BULLA_ASSERT(opened.error().text == envelope::kNotAsSealed);
    return 0;
  }
  fuzz::accepted();
  BULLA_ASSERT(apart && proper && choice % 32 == kSigned);
  check_opened(*opened, message);
  return 0;
}
