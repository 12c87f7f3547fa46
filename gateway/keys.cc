#include "gateway/keys.h"

#include <sys/stat.h>

#include <cerrno>
#include <functional>
#include <system_error>

#include "core/base/encoding.h"
#include "core/crypto/hash.h"
#include "program/config.h"
#include "queue/file_system.h"

namespace bulla::gateway {
namespace {

namespace fs = std::filesystem;

Result<> make_folder(const fs::path& folder) {
  std::error_code error;
  if (fs::is_directory(folder, error)) return {};
  if (!folder.parent_path().empty()) fs::create_directories(folder.parent_path(), error);
  if (!error && ::mkdir(folder.c_str(), 0700) != 0) error = std::error_code(errno, std::generic_category());
  if (error) return fail(Code::kUnavailable, folder.string() + " cannot be made: " + error.message());
  return {};
}

// write_new writes a secret under a name that is not there yet, so that it is there whole or not at all.
Result<> write_new(const fs::path& file, const Secret& text) {
  queue::PosixFileSystem files;
  const auto fresh = file.string() + ".new";
  (void)files.remove(fresh);
  {
    BULLA_TRY(const auto out, files.create(fresh));
    BULLA_CHECK_OK(out->write(text.reveal()));
    BULLA_CHECK_OK(out->write(as_bytes("\n")));
    BULLA_CHECK_OK(out->sync());
  }
  BULLA_CHECK_OK(files.rename(fresh, file.string()));
  return files.sync_directory(file.has_parent_path() ? file.parent_path().string() : ".");
}

// read_or_make reads a secret file; if there is none, `make` makes its text.
Result<Secret> read_or_make(const fs::path& file, const std::function<Result<Secret>()>& make) {
  std::error_code error;
  if (fs::exists(file, error)) return program::read_secret_file(file);
  BULLA_TRY(auto text, make());
  BULLA_CHECK_OK(write_new(file, text));
  return text;
}

Secret encoded(const Secret& bytes) {
  auto text = base64url(bytes.reveal());
  auto secret = Secret::copy_of(as_bytes(text));
  wipe(text);
  return secret;
}

Result<Secret> decoded(const fs::path& file, const Secret& text) {
  auto bytes = decode_base64url(as_text(text.reveal()));
  if (!bytes || bytes->size() != 32)
    return fail(Code::kInvalid, file.string() + " does not hold 32 bytes in base64url");
  return Secret::take(std::move(*bytes));
}

Result<Secret> random_text(Random& random) {
  BULLA_TRY(const auto bytes, random_secret(random, 32));
  return encoded(bytes);
}

Result<Secret> new_queue_key(const Settings& settings, Random& random) {
  queue::PosixFileSystem files;
  if (const auto names = files.list(queue_folder(settings).string())) {
    for (const auto& name : *names) {
      if (name.ends_with(".record"))
        return fail(Code::kInvalid,
                    (settings.keys / "queue.key").string() + " is missing, but the queue holds messages",
                    "put the key back, or move " + queue_folder(settings).string() + " away and lose them");
    }
  }
  BULLA_TRY(const auto identity, age::X25519Identity::generate(random));
  return identity.text();
}

std::string toml_text(std::string_view text) {
  std::string out;
  program::append_json_text(out, text, text.size() + 16);
  return out;
}

}  // namespace

fs::path queue_folder(const Settings& settings) {
  return settings.state / "queue";
}

Result<Keys> load_keys(const Settings& settings, Random& random) {
  BULLA_CHECK_OK(make_folder(settings.state));
  BULLA_CHECK_OK(make_folder(settings.keys));
  BULLA_CHECK_OK(make_folder(settings.key_server.token_file.parent_path()));
  const auto signing_file = settings.keys / "signing.key";
  const auto reply_file = settings.keys / "reply.secret";
  const auto make_random = [&] { return random_text(random); };

  BULLA_TRY(const auto signing_text, read_or_make(signing_file, make_random));
  BULLA_TRY(const auto seed, decoded(signing_file, signing_text));
  BULLA_TRY(auto signing, crypto::Ed25519Key::from_seed(seed.reveal()));
  BULLA_TRY(const auto queue_text,
            read_or_make(settings.keys / "queue.key", [&] { return new_queue_key(settings, random); }));
  BULLA_TRY(auto queue_key, age::X25519Identity::parse(as_text(queue_text.reveal())));
  BULLA_TRY(const auto reply_text, read_or_make(reply_file, make_random));
  BULLA_TRY(auto reply_secret, decoded(reply_file, reply_text));
  BULLA_TRY(auto token, read_or_make(settings.key_server.token_file, make_random));
  return Keys{std::move(signing), std::move(queue_key), std::move(reply_secret), std::move(token)};
}

std::string enrolment(const Settings& settings, const Keys& keys) {
  std::string domains;
  for (const auto& domain : settings.rules.sender_domains) domains += (domains.empty() ? "" : ", ") + toml_text(domain);
  return "[[organisation]]\nid = " + toml_text(settings.organisation.id) +
         "\nname = " + toml_text(settings.organisation.name) + "\ndomains = [" + domains + "]\nsigning_keys = [\"" +
         base64url(keys.signing.public_key()) + "\"]\ntoken_sha256 = \"" +
         base64url(crypto::sha256(keys.token.reveal())) + "\"\n";
}

}  // namespace bulla::gateway
