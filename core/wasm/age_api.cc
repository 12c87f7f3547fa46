// What both modules can do with age: X25519 identities, and files that are opened whole.
#include "core/age/file.h"
#include "core/age/x25519.h"
#include "core/wasm/abi.h"

namespace bulla::wasm {

// bulla_identity_generate makes an X25519 identity: its text, "AGE-SECRET-KEY-1...".
BULLA_EXPORT(bulla_identity_generate)() {
  SystemRandom random;
  auto identity = age::X25519Identity::generate(random);
  return identity ? done(identity->text()) : failed(identity.error());
}

// bulla_identity_recipient returns the recipient of an identity: its text, "age1...".
BULLA_EXPORT(bulla_identity_recipient)(const std::uint8_t* identity_text, std::size_t size) {
  auto identity = age::X25519Identity::parse(text(identity_text, size));
  return identity ? done(as_bytes(identity->recipient().text())) : failed(identity.error());
}

// bulla_age_open opens a whole age file with one identity: its plaintext.
BULLA_EXPORT(bulla_age_open)(const std::uint8_t* identity_text, std::size_t identity_size, const std::uint8_t* file,
                             std::size_t file_size) {
  auto identity = age::X25519Identity::parse(text(identity_text, identity_size));
  if (!identity) return failed(identity.error());
  // As envelopes are opened, so that the module holds one reader of files only.
  Bytes plaintext;
  plaintext.reserve(file_size);  // the plaintext is shorter: nothing is left behind by a move
  age::FileOpener opener({&*identity}, [&plaintext](ByteView bytes) {
    append(plaintext, bytes);
    return Result<>();
  });
  auto result = opener.write(view(file, file_size));
  if (result) result = opener.finish();
  auto opened = Secret::take(std::move(plaintext));
  return result ? done(std::move(opened)) : failed(result.error());
}

}  // namespace bulla::wasm
