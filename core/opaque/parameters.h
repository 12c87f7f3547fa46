// What client and server must agree on besides the messages (RFC 9807 §7).
#pragma once

#include <optional>

#include "core/base/bytes.h"
#include "core/crypto/password.h"

namespace bulla::opaque {

// Bulla's context: it binds the cost of the key stretching, so that a server cannot talk a client into less.
constexpr std::string_view kContext = "bulla/v1 argon2id m=65536 t=3 p=1";

// Bounds of what is hashed into each exchange.
constexpr std::size_t kMaxContext = 255;
constexpr std::size_t kMaxIdentity = 1024;
constexpr std::size_t kMaxPassword = 1024;
constexpr std::size_t kMaxCredentialIdentifier = 1024;

// Parameters of one account. An absent identity stands for that side's public key, which is what Bulla uses.
struct Parameters {
  std::string context = std::string(kContext);
  std::optional<Bytes> client_identity;
  std::optional<Bytes> server_identity;

  bool within_bounds() const {
    return context.size() <= kMaxContext && (!client_identity || client_identity->size() <= kMaxIdentity) &&
           (!server_identity || server_identity->size() <= kMaxIdentity);
  }
};

// Stretching is the client's key-stretching function (RFC 9807 §6.3.2.3): Argon2id with a salt of 16 zero bytes and
// 64 bytes of output, or none, which is for test vectors only.
struct Stretching {
  std::optional<crypto::Argon2Cost> cost = crypto::Argon2Cost{};
  static Stretching none() { return {std::nullopt}; }
};

}  // namespace bulla::opaque
