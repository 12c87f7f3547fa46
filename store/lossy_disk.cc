#include "store/lossy_disk.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace bulla::store {

// LossyFile is SQLite's handle of an open file; the real one follows it in memory.
struct LossyFile {
  sqlite3_file base;
  LossyDisk* disk;
  std::string* name;  // of a file that is watched: the database and its log

  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
  const sqlite3_io_methods& does() { return *real()->pMethods; }
  static LossyFile& of(sqlite3_file* file) { return *reinterpret_cast<LossyFile*>(file); }
  static const sqlite3_io_methods kMethods;

  int write(const void* data, int size, sqlite3_int64 offset) {
    if (name) {
      const auto* bytes = static_cast<const std::uint8_t*>(data);
      const int status = disk->changed(*name, LossyDisk::Write{offset, Bytes(bytes, bytes + size)}, SQLITE_IOERR_WRITE);
      if (status != SQLITE_OK) return status;
    }
    return does().xWrite(real(), data, size, offset);
  }
  int truncate(sqlite3_int64 size) {
    if (name) {
      const int status = disk->changed(*name, LossyDisk::Truncate{size}, SQLITE_IOERR_TRUNCATE);
      if (status != SQLITE_OK) return status;
    }
    return does().xTruncate(real(), size);
  }
  int sync(int flags) {
    const int status = does().xSync(real(), flags);
    return status == SQLITE_OK && name ? disk->synced(*name, SQLITE_IOERR_FSYNC) : status;
  }
  int close() {
    delete name;
    name = nullptr;
    return does().xClose(real());
  }
};

// What is not about keeping things goes on to the real file.
const sqlite3_io_methods LossyFile::kMethods = {
    .iVersion = 3,
    .xClose = [](sqlite3_file* f) { return of(f).close(); },
    .xRead = [](sqlite3_file* f, void* to, int n,
                sqlite3_int64 at) { return of(f).does().xRead(of(f).real(), to, n, at); },
    .xWrite = [](sqlite3_file* f, const void* data, int n, sqlite3_int64 at) { return of(f).write(data, n, at); },
    .xTruncate = [](sqlite3_file* f, sqlite3_int64 size) { return of(f).truncate(size); },
    .xSync = [](sqlite3_file* f, int flags) { return of(f).sync(flags); },
    .xFileSize = [](sqlite3_file* f, sqlite3_int64* size) { return of(f).does().xFileSize(of(f).real(), size); },
    .xLock = [](sqlite3_file* f, int lock) { return of(f).does().xLock(of(f).real(), lock); },
    .xUnlock = [](sqlite3_file* f, int lock) { return of(f).does().xUnlock(of(f).real(), lock); },
    .xCheckReservedLock = [](sqlite3_file* f, int* out) { return of(f).does().xCheckReservedLock(of(f).real(), out); },
    .xFileControl = [](sqlite3_file* f, int what,
                       void* with) { return of(f).does().xFileControl(of(f).real(), what, with); },
    .xSectorSize = [](sqlite3_file* f) { return of(f).does().xSectorSize(of(f).real()); },
    .xDeviceCharacteristics = [](sqlite3_file* f) { return of(f).does().xDeviceCharacteristics(of(f).real()); },
    .xShmMap = [](sqlite3_file* f, int page, int size, int extend,
                  void volatile** out) { return of(f).does().xShmMap(of(f).real(), page, size, extend, out); },
    .xShmLock = [](sqlite3_file* f, int at, int n,
                   int flags) { return of(f).does().xShmLock(of(f).real(), at, n, flags); },
    .xShmBarrier = [](sqlite3_file* f) { of(f).does().xShmBarrier(of(f).real()); },
    .xShmUnmap = [](sqlite3_file* f, int remove) { return of(f).does().xShmUnmap(of(f).real(), remove); },
    // No file is mapped: writes would not be seen.
    .xFetch = [](sqlite3_file*, sqlite3_int64, int, void** out) { return *out = nullptr, SQLITE_OK; },
    .xUnfetch = [](sqlite3_file*, sqlite3_int64, void*) { return SQLITE_OK; },
};

namespace {

Bytes content_of(const std::string& name) {
  std::ifstream in(name, std::ios::binary);
  return Bytes(std::istreambuf_iterator<char>(in), {});
}

}  // namespace

LossyDisk::LossyDisk() : real_(sqlite3_vfs_find(nullptr)), vfs_(*real_) {
  vfs_.pNext = nullptr;
  vfs_.zName = "lossy";
  vfs_.pAppData = this;
  vfs_.szOsFile = static_cast<int>(sizeof(LossyFile)) + real_->szOsFile;
  vfs_.xOpen = &LossyDisk::open;
  vfs_.xDelete = &LossyDisk::remove;
  sqlite3_vfs_register(&vfs_, 1);
}

LossyDisk::~LossyDisk() {
  sqlite3_vfs_unregister(&vfs_);
  sqlite3_vfs_register(real_, 1);
}

int LossyDisk::open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  auto& disk = *static_cast<LossyDisk*>(vfs->pAppData);
  auto& lossy = LossyFile::of(file);
  lossy.base.pMethods = nullptr;  // nothing to close, should this fail
  lossy.disk = &disk;
  lossy.name = nullptr;
  const int status = disk.real_->xOpen(disk.real_, name, lossy.real(), flags, out_flags);
  if (status != SQLITE_OK) return status;
  lossy.base.pMethods = &LossyFile::kMethods;
  if (name == nullptr || (flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL)) == 0) return SQLITE_OK;
  lossy.name = new std::string(name);
  const std::lock_guard lock(disk.mutex_);
  // That a file exists is known at once; what is in it, not.
  if (!disk.files_.contains(name)) disk.files_[name].synced = content_of(name);
  return SQLITE_OK;
}

int LossyDisk::remove(sqlite3_vfs* vfs, const char* name, int sync_folder) {
  auto& disk = *static_cast<LossyDisk*>(vfs->pAppData);
  const std::lock_guard lock(disk.mutex_);
  if (const int status = disk.allow(SQLITE_IOERR_DELETE); status != SQLITE_OK) return status;
  disk.files_.erase(name);
  return disk.real_->xDelete(disk.real_, name, sync_folder);
}

void LossyDisk::fail_after(int operations) {
  const std::lock_guard lock(mutex_);
  left_ = operations;
}

bool LossyDisk::is_off() const {
  const std::lock_guard lock(mutex_);
  return off_;
}

void LossyDisk::fail_once_at(int number, int error) {
  const std::lock_guard lock(mutex_);
  refuse_in_ = number;
  refuse_with_ = error;
}

bool LossyDisk::has_refused() const {
  const std::lock_guard lock(mutex_);
  return refuse_in_ < 0;
}

int LossyDisk::allow(int error) {
  if (left_ == 0) off_ = true;
  if (off_) return error;
  --left_;
  return refuse_in_ >= 0 && refuse_in_-- == 0 ? refuse_with_ : SQLITE_OK;
}

int LossyDisk::changed(const std::string& name, Change change, int error) {
  const std::lock_guard lock(mutex_);
  if (const int status = allow(error); status != SQLITE_OK) return status;
  files_[name].since.push_back(std::move(change));
  return SQLITE_OK;
}

int LossyDisk::synced(const std::string& name, int error) {
  const std::lock_guard lock(mutex_);
  if (const int status = allow(error); status != SQLITE_OK) return status;
  auto& file = files_[name];
  for (const auto& change : file.since) apply(change, file.synced);
  file.since.clear();
  return SQLITE_OK;
}

void LossyDisk::apply(const Change& change, Bytes& content) {
  if (const auto* truncate = std::get_if<Truncate>(&change)) {
    content.resize(static_cast<std::size_t>(truncate->size));
    return;
  }
  const auto& [offset, bytes] = std::get<Write>(change);
  const auto end = static_cast<std::size_t>(offset) + bytes.size();
  if (content.size() < end) content.resize(end);
  std::ranges::copy(bytes, content.begin() + offset);
}

void LossyDisk::restore(std::mt19937& random) {
  const std::lock_guard lock(mutex_);
  for (auto& [name, file] : files_) {
    for (auto& change : file.since) {
      const auto fate = random() % 3;
      if (fate == 0) continue;
      auto* write = std::get_if<Write>(&change);
      if (write && fate == 1) write->bytes.resize(random() % (write->bytes.size() + 1));
      apply(change, file.synced);
    }
    file.since.clear();
    std::ofstream out(name, std::ios::binary | std::ios::trunc);
    out.write(reinterpret_cast<const char*>(file.synced.data()), static_cast<std::streamsize>(file.synced.size()));
    // The index of the log lives in memory.
    std::filesystem::remove(name + "-shm");
  }
  off_ = false;
  left_ = INT32_MAX;
}

}  // namespace bulla::store
