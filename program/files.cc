#include "program/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "core/base/secret.h"

namespace bulla::program {
namespace {

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  ~FileDescriptor() {
    if (fd_ >= 0) close(fd_);
  }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

std::unexpected<Error> cannot_read(const std::filesystem::path& file, int error) {
  const auto code = error == ENOENT ? Code::kNotFound : error == EACCES ? Code::kDenied : Code::kUnavailable;
  return fail(code, "cannot read " + file.string() + ": " + std::strerror(error));
}

Result<> check_status(const std::filesystem::path& file, const struct stat& status, std::size_t max_size,
                      Privacy privacy) {
  if (!S_ISREG(status.st_mode)) return fail(Code::kInvalid, file.string() + " is not a regular file");
  if (static_cast<std::uintmax_t>(status.st_size) > max_size) {
    return fail(Code::kInvalid, file.string() + " is larger than " + std::to_string(max_size) + " bytes");
  }
  if (privacy == Privacy::kOwnerOnly && (status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return fail(Code::kDenied, file.string() + " holds a secret, but others than its owner may read or write it",
                "chmod 600 " + file.string());
  }
  return {};
}

}  // namespace

Result<Bytes> read_small_file(const std::filesystem::path& file, std::size_t max_size, Privacy privacy) {
  // O_NONBLOCK: a named pipe must be refused, not waited for.
  const FileDescriptor fd(open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (fd.get() < 0) return cannot_read(file, errno);
  struct stat status{};
  if (fstat(fd.get(), &status) != 0) return cannot_read(file, errno);
  BULLA_CHECK_OK(check_status(file, status, max_size, privacy));

  Bytes bytes(static_cast<std::size_t>(status.st_size) + 1);
  std::size_t used = 0;
  while (used < bytes.size()) {
    const auto got = read(fd.get(), bytes.data() + used, bytes.size() - used);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      const int error = errno;
      wipe(bytes);
      return cannot_read(file, error);
    }
    if (got == 0) break;
    used += static_cast<std::size_t>(got);
  }
  if (used == bytes.size()) {
    wipe(bytes);
    return fail(Code::kInvalid, file.string() + " grows while it is read");
  }
  bytes.resize(used);
  return bytes;
}

}  // namespace bulla::program
