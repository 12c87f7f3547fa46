#include "cli/output_folder.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "core/base/encoding.h"
#include "core/base/random.h"

namespace bulla::cli {
namespace {

std::unexpected<Error> failed(const std::string& what, int error) {
  const auto code = error == EEXIST ? Code::kConflict : error == EACCES ? Code::kDenied : Code::kUnavailable;
  return fail(code, what + ": " + std::strerror(error), error == EEXIST ? "--force replaces it" : "");
}

// give_name moves a file to its name. The kernel refuses an existing one in the same step, where the file system can;
// where it cannot, a hard link does the same.
int give_name(int folder, const std::string& from, const std::string& to, Overwrite overwrite) {
  if (overwrite == Overwrite::kYes) return renameat(folder, from.c_str(), folder, to.c_str());
  if (renameat2(folder, from.c_str(), folder, to.c_str(), RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS) return -1;
  if (linkat(folder, from.c_str(), folder, to.c_str(), 0) != 0) return -1;
  return unlinkat(folder, from.c_str(), 0);
}

}  // namespace

Descriptor::~Descriptor() {
  if (fd_ >= 0) close(fd_);
}

PendingFile::~PendingFile() {
  if (folder_ && !temporary_.empty()) unlinkat(folder_->get(), temporary_.c_str(), 0);
}

Result<> PendingFile::write(ByteView bytes) {
  while (!bytes.empty()) {
    const auto written = ::write(file_.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return failed("cannot write to " + shown_folder_, errno);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return {};
}

Result<> PendingFile::publish(const std::string& name, Overwrite overwrite) {
  const auto shown = shown_folder_ + "/" + name;
  if (name.empty() || name == "." || name == ".." || name.find('/') != name.npos) {
    return fail(Code::kInternal, "'" + name + "' is no plain file name");
  }
  if (fsync(file_.get()) != 0) return failed("cannot write " + shown, errno);
  if (give_name(folder_->get(), temporary_, name, overwrite) != 0) return failed("cannot write " + shown, errno);
  temporary_.clear();
  if (fsync(folder_->get()) != 0) return failed("cannot write " + shown, errno);
  return {};
}

Result<OutputFolder> OutputFolder::open(const std::filesystem::path& path) {
  const auto shown = path.empty() ? std::filesystem::path(".") : path;
  std::error_code error;
  std::filesystem::create_directories(shown, error);
  Descriptor folder(::open(shown.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.get() < 0) return failed("cannot open the folder " + shown.string(), errno);
  return OutputFolder(shown, std::make_shared<Descriptor>(std::move(folder)));
}

Result<PendingFile> OutputFolder::start() const {
  SystemRandom random;
  BULLA_TRY(const auto bytes, random_array<9>(random));
  auto temporary = ".bulla-" + base64url(bytes) + ".part";
  Descriptor file(
      openat(folder_->get(), temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (file.get() < 0) return failed("cannot write to the folder " + path_.string(), errno);
  return PendingFile(folder_, path_.string(), std::move(file), std::move(temporary));
}

}  // namespace bulla::cli
