// What the portal's module can do besides: hashes, identities of given bytes, sealing, files opened in pieces, stanzas
// that stand alone.
#include "core/age/file.h"
#include "core/age/x25519.h"
#include "core/crypto/hash.h"
#include "core/crypto/hkdf.h"
#include "core/wasm/abi.h"

namespace bulla::wasm {
namespace {

// An age file that is opened in pieces. What a piece gives collects in `plaintext`, for the host to take.
struct AgeOpener {
  explicit AgeOpener(age::X25519Identity&& id)
      : identity(std::move(id)), opener({&identity}, [this](ByteView bytes) {
          append(plaintext, bytes);
          return Result<>();
        }) {}
  AgeOpener(const AgeOpener&) = delete;
  AgeOpener& operator=(const AgeOpener&) = delete;
  ~AgeOpener() { wipe(plaintext); }

  Status take(Result<>&& result) {
    if (!result) {
      wipe(plaintext);
      return failed(result.error());
    }
    return done(Secret::take(std::exchange(plaintext, {})));
  }

  age::X25519Identity identity;
  Bytes plaintext;
  age::FileOpener opener;
};

}  // namespace

// bulla_sha256 hashes bytes: 32 bytes.
BULLA_EXPORT(bulla_sha256)(const std::uint8_t* data, std::size_t size) {
  return done(crypto::sha256(view(data, size)));
}

// bulla_hkdf_sha256 derives `length` bytes (at most 8160).
BULLA_EXPORT(bulla_hkdf_sha256)(const std::uint8_t* key, std::size_t key_size, const std::uint8_t* salt,
                                std::size_t salt_size, const std::uint8_t* info, std::size_t info_size,
                                std::size_t length) {
  if (length > 255 * 32) return failed({Code::kInvalid, "HKDF gives at most 8160 bytes", {}});
  return done(crypto::hkdf_sha256(view(key, key_size), view(salt, salt_size), text(info, info_size), length));
}

// bulla_identity_from_scalar makes an identity of 32 bytes: its text.
BULLA_EXPORT(bulla_identity_from_scalar)(const std::uint8_t* scalar, std::size_t size) {
  auto identity = age::X25519Identity::from_scalar(view(scalar, size));
  return identity ? done(identity->text()) : failed(identity.error());
}

// bulla_age_seal seals bytes to one recipient ("age1..."): a whole age file.
BULLA_EXPORT(bulla_age_seal)(const std::uint8_t* recipient_text, std::size_t recipient_size,
                             const std::uint8_t* plaintext, std::size_t plaintext_size) {
  auto recipient = age::X25519Recipient::parse(text(recipient_text, recipient_size));
  if (!recipient) return failed(recipient.error());
  SystemRandom random;
  return finish(age::seal(view(plaintext, plaintext_size), {&*recipient}, random));
}

// bulla_age_opener_new starts to open an age file in pieces: a handle.
BULLA_EXPORT(bulla_age_opener_new)(const std::uint8_t* identity_text, std::size_t size) {
  auto identity = age::X25519Identity::parse(text(identity_text, size));
  return identity ? done_handle(new AgeOpener(std::move(*identity))) : failed(identity.error());
}

// bulla_age_opener_write takes the next piece: the plaintext that it gave, authentic but not complete.
BULLA_EXPORT(bulla_age_opener_write)(AgeOpener* opener, const std::uint8_t* data, std::size_t size) {
  return opener->take(opener->opener.write(view(data, size)));
}

// bulla_age_opener_finish checks that the file is complete: the last plaintext.
BULLA_EXPORT(bulla_age_opener_finish)(AgeOpener* opener) {
  return opener->take(opener->opener.finish());
}

BULLA_EXPORT(bulla_age_opener_free)(AgeOpener* opener) {
  delete opener;
  return done();
}

// bulla_stanza_open unwraps what an identity finds in one stanza that stands alone: the 16 bytes.
BULLA_EXPORT(bulla_stanza_open)(const std::uint8_t* identity_text, std::size_t identity_size,
                                const std::uint8_t* stanza, std::size_t stanza_size) {
  auto identity = age::X25519Identity::parse(text(identity_text, identity_size));
  if (!identity) return failed(identity.error());
  auto parsed = age::parse_stanza(text(stanza, stanza_size));
  if (!parsed) return failed(parsed.error());
  auto key = identity->unwrap({&*parsed, 1});
  if (!key) return failed(key.error());
  if (!*key) return failed({Code::kDenied, "the stanza is not sealed to this identity", {}});
  return done(std::move(**key));
}

}  // namespace bulla::wasm
