// The gateway's own keys: in a folder of its owner alone, made at the first start.
//
//   signing.key    Ed25519 seed, base64url: signs what is sealed here
//   queue.key      age identity: what lies in the queue
//   reply.secret   32 bytes, base64url: reply tokens, and the key of hashes in logs
// and the token for the key server, in a file that the configuration names.
#pragma once

#include <filesystem>

#include "core/age/x25519.h"
#include "core/crypto/ed25519.h"
#include "gateway/settings.h"

namespace bulla::gateway {

struct Keys {
  crypto::Ed25519Key signing;
  age::X25519Identity queue;
  Secret reply_secret;
  Secret token;  // text
};

// load_keys reads all keys, and makes those that are missing; what it makes is durable before it returns. A queue key
// is not made anew while the queue holds messages, which only the lost one could open.
Result<Keys> load_keys(const Settings& settings, Random& random);

// enrolment is the block for the key server's configuration that makes this gateway known to it.
std::string enrolment(const Settings& settings, const Keys& keys);

// queue_folder is where the queue lies.
std::filesystem::path queue_folder(const Settings& settings);

}  // namespace bulla::gateway
