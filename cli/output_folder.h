// OutputFolder: where files are written. A file appears under its name complete, or not at all; names cannot leave
// the folder, and nothing that exists is replaced unless the caller says so.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "core/base/bytes.h"
#include "core/base/result.h"

namespace bulla::cli {

enum class Overwrite { kNo, kYes };

// Descriptor owns a file descriptor.
class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor();
  int get() const { return fd_; }

 private:
  int fd_;
};

// PendingFile has no final name yet. It is removed when it is dropped unpublished.
class PendingFile {
 public:
  PendingFile(PendingFile&& other) noexcept = default;
  PendingFile& operator=(PendingFile&&) = delete;
  ~PendingFile();

  Result<> write(ByteView bytes);
  // publish flushes to the disk and gives the file its name, a plain one without '/'. kConflict when the name is taken.
  Result<> publish(const std::string& name, Overwrite overwrite);

 private:
  friend class OutputFolder;
  PendingFile(std::shared_ptr<Descriptor> folder, std::string shown_folder, Descriptor file, std::string temporary)
      : folder_(std::move(folder)),
        shown_folder_(std::move(shown_folder)),
        file_(std::move(file)),
        temporary_(std::move(temporary)) {}

  std::shared_ptr<Descriptor> folder_;  // empty once moved from
  std::string shown_folder_;
  Descriptor file_;
  std::string temporary_;  // empty once published
};

class OutputFolder {
 public:
  // open makes the folder (and those above it) if it does not exist.
  static Result<OutputFolder> open(const std::filesystem::path& path);
  // start makes a file that only its owner can read.
  Result<PendingFile> start() const;
  const std::filesystem::path& path() const { return path_; }

 private:
  OutputFolder(std::filesystem::path path, std::shared_ptr<Descriptor> folder)
      : path_(std::move(path)), folder_(std::move(folder)) {}

  std::filesystem::path path_;
  std::shared_ptr<Descriptor> folder_;
};

}  // namespace bulla::cli
