#include "queue/memory_file_system.h"

#include <algorithm>
#include <random>

namespace bulla::queue {
namespace {

std::string directory_of(const std::string& path) {
  return path.substr(0, path.rfind('/'));
}

}  // namespace

class MemoryFileSystem::Writer final : public WriteFile {
 public:
  Writer(MemoryFileSystem& disk, std::shared_ptr<Node> node) : disk_(disk), node_(std::move(node)) {}

  Result<> write(ByteView bytes) override {
    const std::lock_guard lock(disk_.mutex_);
    auto ok = disk_.change();
    if (!ok) {
      ::bulla::append(node_->bytes, bytes.first(bytes.size() / 2));
      return ok;
    }
    const auto fits = std::min<std::uint64_t>(bytes.size(), disk_.room_);
    disk_.room_ -= fits;
    ::bulla::append(node_->bytes, bytes.first(static_cast<std::size_t>(fits)));
    if (fits < bytes.size()) return fail(Code::kTooMany, "the disk is full");
    return {};
  }

  Result<> sync() override {
    const std::lock_guard lock(disk_.mutex_);
    BULLA_CHECK_OK(disk_.change());
    node_->durable = node_->bytes.size();
    return {};
  }

 private:
  MemoryFileSystem& disk_;
  std::shared_ptr<Node> node_;
};

class MemoryFileSystem::Snapshot final : public ReadFile {
 public:
  explicit Snapshot(Bytes bytes) : bytes_(std::move(bytes)) {}
  Result<std::size_t> read(MutableBytes out) override {
    const auto size = std::min(out.size(), bytes_.size() - at_);
    std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(at_), size, out.begin());
    at_ += size;
    return size;
  }

 private:
  Bytes bytes_;
  std::size_t at_ = 0;
};

class MemoryFileSystem::Lock final : public FileLock {
 public:
  explicit Lock(std::shared_ptr<int> held) : held_(std::move(held)) {}

 private:
  std::shared_ptr<int> held_;
};

void MemoryFileSystem::fail_at(std::uint64_t number, Code code, bool on) {
  const std::lock_guard lock(mutex_);
  fail_from_ = changes_ + number;
  code_ = code;
  on_ = on;
}

void MemoryFileSystem::mend() {
  const std::lock_guard lock(mutex_);
  fail_from_ = UINT64_MAX;
}

std::uint64_t MemoryFileSystem::changes() const {
  const std::lock_guard lock(mutex_);
  return changes_;
}

Result<> MemoryFileSystem::change() {
  const auto number = changes_++;
  if (number == fail_from_ || (on_ && number > fail_from_)) return fail(code_, "the test broke the disk here");
  return {};
}

void MemoryFileSystem::crash(std::uint32_t seed) {
  const std::lock_guard lock(mutex_);
  std::mt19937 random(seed);
  const auto came_through = [&] { return seed != 0 && random() % 2 == 0; };
  Names left = durable_;
  for (const auto& [name, node] : names_) {
    const auto old = durable_.find(name);
    if ((old == durable_.end() || old->second != node) && came_through()) left[name] = node;
  }
  for (const auto& [name, node] : durable_) {
    if (!names_.contains(name) && came_through()) left.erase(name);
  }
  for (const auto& [name, node] : left) {
    const auto lost = node->bytes.size() - node->durable;
    node->bytes.resize(node->durable + (seed == 0 ? 0 : random() % (lost + 1)));
    node->durable = node->bytes.size();
  }
  names_ = left;
  durable_ = left;
  locks_.clear();
  fail_from_ = UINT64_MAX;
}

void MemoryFileSystem::set_room(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  room_ = bytes;
}

std::map<std::string, Bytes> MemoryFileSystem::files() const {
  const std::lock_guard lock(mutex_);
  std::map<std::string, Bytes> out;
  for (const auto& [name, node] : names_) out[name] = node->bytes;
  return out;
}

void MemoryFileSystem::put(const std::string& path, Bytes bytes) {
  const std::lock_guard lock(mutex_);
  auto node = std::make_shared<Node>();
  node->durable = bytes.size();
  node->bytes = std::move(bytes);
  names_[path] = node;
  durable_[path] = node;
}

Result<std::shared_ptr<MemoryFileSystem::Node>> MemoryFileSystem::find(const std::string& path) const {
  const auto found = names_.find(path);
  if (found == names_.end()) return fail(Code::kNotFound, path + ": no such file");
  return found->second;
}

Result<> MemoryFileSystem::make_directory(const std::string&) {
  return {};
}

Result<std::unique_ptr<WriteFile>> MemoryFileSystem::create(const std::string& path) {
  const std::lock_guard lock(mutex_);
  BULLA_CHECK_OK(change());
  if (names_.contains(path)) return fail(Code::kConflict, path + ": file exists");
  names_[path] = std::make_shared<Node>();
  return std::make_unique<Writer>(*this, names_[path]);
}

Result<std::unique_ptr<WriteFile>> MemoryFileSystem::append(const std::string& path) {
  const std::lock_guard lock(mutex_);
  BULLA_CHECK_OK(change());
  if (!names_.contains(path)) names_[path] = std::make_shared<Node>();
  return std::make_unique<Writer>(*this, names_[path]);
}

Result<std::unique_ptr<ReadFile>> MemoryFileSystem::open(const std::string& path) {
  const std::lock_guard lock(mutex_);
  BULLA_TRY(const auto node, find(path));
  return std::make_unique<Snapshot>(node->bytes);
}

Result<std::uint64_t> MemoryFileSystem::size(const std::string& path) {
  const std::lock_guard lock(mutex_);
  BULLA_TRY(const auto node, find(path));
  return node->bytes.size();
}

Result<> MemoryFileSystem::rename(const std::string& from, const std::string& to) {
  const std::lock_guard lock(mutex_);
  BULLA_CHECK_OK(change());
  BULLA_TRY(const auto node, find(from));
  names_.erase(from);
  names_[to] = node;
  return {};
}

Result<> MemoryFileSystem::remove(const std::string& path) {
  const std::lock_guard lock(mutex_);
  BULLA_CHECK_OK(change());
  BULLA_TRY(const auto node, find(path));
  names_.erase(path);
  return {};
}

Result<> MemoryFileSystem::sync_directory(const std::string& path) {
  const std::lock_guard lock(mutex_);
  BULLA_CHECK_OK(change());
  const auto inside = [&](const auto& entry) { return directory_of(entry.first) == path; };
  std::erase_if(durable_, inside);
  for (const auto& entry : names_) {
    if (inside(entry)) durable_.insert(entry);
  }
  return {};
}

Result<std::vector<std::string>> MemoryFileSystem::list(const std::string& path) {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> out;
  for (const auto& [name, node] : names_) {
    if (directory_of(name) == path) out.push_back(name.substr(path.size() + 1));
  }
  return out;
}

Result<std::uint64_t> MemoryFileSystem::free_bytes(const std::string&) {
  const std::lock_guard lock(mutex_);
  return room_;
}

Result<std::unique_ptr<FileLock>> MemoryFileSystem::lock(const std::string& path) {
  const std::lock_guard lock(mutex_);
  if (!locks_[path].expired()) return fail(Code::kConflict, path + " is in use");
  auto held = std::make_shared<int>(0);
  locks_[path] = held;
  return std::make_unique<Lock>(std::move(held));
}

}  // namespace bulla::queue
