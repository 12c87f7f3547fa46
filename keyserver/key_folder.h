// The key folder: what a key server must keep outside of its database and of the database's backups.
//
//   release.key    age identity that opens the shares of recipients who have not registered
//   opaque.key     OPRF seed and key pair of OPAQUE, base64url: without it nobody can sign in
//   server.secret  32 bytes, base64url: keys of hashes and of short-lived tokens
#pragma once

#include <filesystem>

#include "core/opaque/server.h"
#include "keys/server_secret.h"
#include "keys/shares.h"

namespace bulla::keyserver {

struct KeyFolder {
  keys::ReleaseKey release_key;
  opaque::ServerSetup opaque;
  keys::ServerSecret secret;
};

// open_key_folder reads the keys. With `may_create` (there is no database yet) the folder (mode 0700) and missing files
// (0600) are made, durably; without it a missing file is kNotFound, since new keys would not fit the database.
Result<KeyFolder> open_key_folder(const std::filesystem::path& folder, bool may_create, Random& random);

}  // namespace bulla::keyserver
