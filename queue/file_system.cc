#include "queue/file_system.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

namespace bulla::queue {
namespace {

auto posix_error(const char* call, const std::string& path) {
  const int number = errno;
  const auto text = std::string(call) + " " + path + ": " + std::generic_category().message(number);
  switch (number) {
    case ENOSPC:
    case EDQUOT:
      return fail(Code::kTooMany, text, "make room on this disk");
    case ENOENT:
      return fail(Code::kNotFound, text);
    case EEXIST:
      return fail(Code::kConflict, text);
    default:
      return fail(Code::kUnavailable, text);
  }
}

// Descriptor owns an open file.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number() const { return number_; }
  bool ok() const { return number_ >= 0; }

 private:
  int number_;
};

class PosixWriteFile final : public WriteFile {
 public:
  PosixWriteFile(Descriptor file, std::string path) : file_(std::move(file)), path_(std::move(path)) {}

  Result<> write(ByteView bytes) override {
    while (!bytes.empty()) {
      const auto written = ::write(file_.number(), bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return posix_error("write", path_);
      bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
    return {};
  }

  Result<> sync() override {
    if (::fdatasync(file_.number()) != 0) return posix_error("fdatasync", path_);
    return {};
  }

 private:
  Descriptor file_;
  std::string path_;
};

class PosixReadFile final : public ReadFile {
 public:
  PosixReadFile(Descriptor file, std::string path) : file_(std::move(file)), path_(std::move(path)) {}

  Result<std::size_t> read(MutableBytes out) override {
    std::size_t total = 0;
    while (total < out.size()) {
      const auto got = ::read(file_.number(), out.data() + total, out.size() - total);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return posix_error("read", path_);
      if (got == 0) break;
      total += static_cast<std::size_t>(got);
    }
    return total;
  }

 private:
  Descriptor file_;
  std::string path_;
};

class PosixLock final : public FileLock {
 public:
  explicit PosixLock(Descriptor file) : file_(std::move(file)) {}

 private:
  Descriptor file_;
};

Result<std::unique_ptr<WriteFile>> open_to_write(const std::string& path, int flags) {
  Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | flags, 0600));
  if (!file.ok()) return posix_error("open", path);
  return std::make_unique<PosixWriteFile>(std::move(file), path);
}

}  // namespace

Result<Bytes> read_all(FileSystem& files, const std::string& path, std::size_t limit) {
  BULLA_TRY(const auto size, files.size(path));
  if (size > limit) return fail(Code::kInvalid, path + " is too long");
  BULLA_TRY(const auto file, files.open(path));
  Bytes bytes(static_cast<std::size_t>(size));
  BULLA_TRY(const auto got, file->read(bytes));
  bytes.resize(got);
  return bytes;
}

Result<> PosixFileSystem::make_directory(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return posix_error("mkdir", path);
  return {};
}

Result<std::unique_ptr<WriteFile>> PosixFileSystem::create(const std::string& path) {
  return open_to_write(path, O_EXCL);
}

Result<std::unique_ptr<WriteFile>> PosixFileSystem::append(const std::string& path) {
  return open_to_write(path, O_APPEND);
}

Result<std::unique_ptr<ReadFile>> PosixFileSystem::open(const std::string& path) {
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!file.ok()) return posix_error("open", path);
  return std::make_unique<PosixReadFile>(std::move(file), path);
}

Result<std::uint64_t> PosixFileSystem::size(const std::string& path) {
  struct stat info{};
  if (::lstat(path.c_str(), &info) != 0) return posix_error("stat", path);
  return static_cast<std::uint64_t>(info.st_size);
}

Result<> PosixFileSystem::rename(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) return posix_error("rename", from);
  return {};
}

Result<> PosixFileSystem::remove(const std::string& path) {
  if (::unlink(path.c_str()) != 0) return posix_error("unlink", path);
  return {};
}

Result<> PosixFileSystem::sync_directory(const std::string& path) {
  const Descriptor directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.ok()) return posix_error("open", path);
  if (::fsync(directory.number()) != 0) return posix_error("fsync", path);
  return {};
}

Result<std::vector<std::string>> PosixFileSystem::list(const std::string& path) {
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir(path.c_str()), ::closedir);
  if (!directory) return posix_error("opendir", path);
  std::vector<std::string> names;
  for (;;) {
    errno = 0;
    const auto* entry = ::readdir(directory.get());
    if (entry == nullptr && errno != 0) return posix_error("readdir", path);
    if (entry == nullptr) return names;
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
}

Result<std::uint64_t> PosixFileSystem::free_bytes(const std::string& path) {
  struct statvfs info{};
  if (::statvfs(path.c_str(), &info) != 0) return posix_error("statvfs", path);
  return static_cast<std::uint64_t>(info.f_bavail) * info.f_frsize;
}

Result<std::unique_ptr<FileLock>> PosixFileSystem::lock(const std::string& path) {
  Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file.ok()) return posix_error("open", path);
  if (::flock(file.number(), LOCK_EX | LOCK_NB) == 0) return std::make_unique<PosixLock>(std::move(file));
  if (errno == EWOULDBLOCK) return fail(Code::kConflict, path + " is in use by another process");
  return posix_error("flock", path);
}

}  // namespace bulla::queue
