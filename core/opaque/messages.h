// The messages of OPAQUE (RFC 9807 §5.1, §6.1) for ristretto255-SHA512. Each has one size; parse takes no other, and no
// bytes that are not the canonical encoding of a group element where one must stand.
//
//   registration   request  32 →   response  64 ←   record 192 →
//   login          KE1      96 →   KE2      320 ←   KE3     64 →
#pragma once

#include "core/opaque/group.h"

namespace bulla::opaque {

constexpr std::size_t kNonceSize = 32;
constexpr std::size_t kSeedSize = 32;
constexpr std::size_t kHashSize = 64;  // of hash, MAC, HKDF output: SHA-512
using Nonce = ByteArray<kNonceSize>;
using Mac = ByteArray<kHashSize>;

struct RegistrationRequest {
  static constexpr std::size_t kSize = kElementSize;
  Element blinded{};

  Bytes serialize() const;
  static Result<RegistrationRequest> parse(ByteView bytes);
};

struct RegistrationResponse {
  static constexpr std::size_t kSize = 2 * kElementSize;
  Element evaluated{};
  Element server_public_key{};

  Bytes serialize() const;
  static Result<RegistrationResponse> parse(ByteView bytes);
};

// Envelope lets the client find its private key again (RFC 9807 §4.1.1). It is not an envelope of a mail.
struct Envelope {
  static constexpr std::size_t kSize = kNonceSize + kHashSize;
  Nonce nonce{};
  Mac auth_tag{};

  Bytes serialize() const;
  static Result<Envelope> parse(ByteView bytes);
};

// Record is what a client uploads once and the server keeps. Who has it, and the server's seed, can guess passwords.
struct Record {
  static constexpr std::size_t kSize = kElementSize + kHashSize + Envelope::kSize;
  Element client_public_key{};
  Secret masking_key;
  Envelope envelope;

  Secret serialize() const;
  static Result<Record> parse(ByteView bytes);
};

struct Ke1 {
  static constexpr std::size_t kSize = kElementSize + kNonceSize + kElementSize;
  Element blinded{};
  Nonce client_nonce{};
  Element client_keyshare{};

  Bytes serialize() const;
  static Result<Ke1> parse(ByteView bytes);
};

// CredentialResponse is the first part of KE2; the server's public key and the envelope are masked in it.
struct CredentialResponse {
  static constexpr std::size_t kMaskedSize = kElementSize + Envelope::kSize;
  static constexpr std::size_t kSize = kElementSize + kNonceSize + kMaskedSize;
  Element evaluated{};
  Nonce masking_nonce{};
  ByteArray<kMaskedSize> masked{};

  Bytes serialize() const;
};

struct Ke2 {
  static constexpr std::size_t kSize = CredentialResponse::kSize + kNonceSize + kElementSize + kHashSize;
  CredentialResponse response;
  Nonce server_nonce{};
  Element server_keyshare{};
  Mac server_mac{};

  Bytes serialize() const;
  static Result<Ke2> parse(ByteView bytes);
};

struct Ke3 {
  static constexpr std::size_t kSize = kHashSize;
  Mac client_mac{};

  Bytes serialize() const;
  static Result<Ke3> parse(ByteView bytes);
};

}  // namespace bulla::opaque
