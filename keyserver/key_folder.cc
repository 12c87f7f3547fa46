#include "keyserver/key_folder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <functional>

#include "core/base/encoding.h"
#include "program/config.h"

namespace bulla::keyserver {
namespace {

namespace fs = std::filesystem;

// Descriptor closes a file when it is left.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

std::unexpected<Error> system_error(const std::string& what, const fs::path& file) {
  return fail(Code::kUnavailable, what + " " + file.string() + ": " + std::strerror(errno));
}

Result<> make_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder.parent_path(), error);
  if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return system_error("cannot make the key folder", folder);
  return {};
}

// sync_folder makes the folder's entries durable.
Result<> sync_folder(const fs::path& folder) {
  const Descriptor fd(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.get() < 0 || fsync(fd.get()) != 0) return system_error("cannot sync", folder);
  return {};
}

// write_new writes a file that its owner alone may read. It appears under its name when it is complete and durable.
Result<> write_new(const fs::path& file, ByteView content) {
  const fs::path draft = file.string() + ".new";
  (void)unlink(draft.c_str());
  {
    const Descriptor fd(open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (fd.get() < 0) return system_error("cannot create", draft);
    while (!content.empty()) {
      const auto written = write(fd.get(), content.data(), content.size());
      if (written < 0) return system_error("cannot write", draft);
      content = content.subspan(static_cast<std::size_t>(written));
    }
    if (fsync(fd.get()) != 0) return system_error("cannot sync", draft);
  }
  if (rename(draft.c_str(), file.c_str()) != 0) return system_error("cannot create", file);
  return sync_folder(file.parent_path());
}

using MakeKey = std::function<Result<Secret>()>;

// read_or_make returns the file's text, which is made first if it may be.
Result<Secret> read_or_make(const fs::path& file, bool may_create, const MakeKey& make) {
  std::error_code error;
  if (!fs::exists(file, error) && !error) {
    if (!may_create) {
      return fail(Code::kNotFound, "the key file is missing: " + file.string(),
                  "There is a database already, which belongs to it: restore the key folder from its backup.");
    }
    BULLA_TRY(auto text, make());
    Secret line(text.size() + 1);
    std::ranges::copy(text.reveal(), line.writable().begin());
    line.writable().back() = '\n';
    BULLA_CHECK_OK(write_new(file, line.reveal()));
  }
  return program::read_secret_file(file);
}

Secret encode(ByteView bytes) {
  std::string text = base64url(bytes);
  auto secret = Secret::copy_of(as_bytes(text));
  wipe(text);
  return secret;
}

Result<Secret> decode(const Secret& text, const fs::path& file) {
  auto bytes = decode_base64url(as_text(text.reveal()));
  if (!bytes) return fail(Code::kInvalid, "the key file is damaged: " + file.string());
  return Secret::take(std::move(*bytes));
}

template <class T>
Result<T> named(Result<T> result, const fs::path& file) {
  if (!result) return fail(Code::kInvalid, "the key file is damaged: " + file.string(), result.error().text);
  return result;
}

}  // namespace

Result<KeyFolder> open_key_folder(const fs::path& folder, bool may_create, Random& random) {
  if (may_create) BULLA_CHECK_OK(make_folder(folder));

  const fs::path release_file = folder / "release.key";
  BULLA_TRY(const auto release_text, read_or_make(release_file, may_create, [&]() -> Result<Secret> {
              BULLA_TRY(const auto identity, age::X25519Identity::generate(random));
              return identity.text();
            }));
  BULLA_TRY(auto release, named(age::X25519Identity::parse(as_text(release_text.reveal())), release_file));

  const fs::path opaque_file = folder / "opaque.key";
  BULLA_TRY(const auto opaque_text, read_or_make(opaque_file, may_create, [&]() -> Result<Secret> {
              BULLA_TRY(const auto setup, opaque::ServerSetup::generate(random));
              return encode(setup.serialize().reveal());
            }));
  BULLA_TRY(const auto opaque_bytes, decode(opaque_text, opaque_file));
  BULLA_TRY(auto setup, named(opaque::ServerSetup::parse(opaque_bytes.reveal()), opaque_file));

  const fs::path secret_file = folder / "server.secret";
  BULLA_TRY(const auto secret_text, read_or_make(secret_file, may_create, [&]() -> Result<Secret> {
              BULLA_TRY(const auto secret, random_secret(random, keys::ServerSecret::kSize));
              return encode(secret.reveal());
            }));
  BULLA_TRY(const auto secret_bytes, decode(secret_text, secret_file));
  BULLA_TRY(auto secret, named(keys::ServerSecret::from_bytes(secret_bytes.reveal()), secret_file));

  return KeyFolder{keys::ReleaseKey(std::move(release)), std::move(setup), std::move(secret)};
}

}  // namespace bulla::keyserver
