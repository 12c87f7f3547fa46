#include "core/wasm/abi.h"

#include <cstdlib>

namespace bulla::wasm {
namespace {

// The one result; a module runs on one thread.
struct Slot {
  Secret owned;
  ByteView view;
};

Slot& result() {
  static Slot* const slot = new Slot;
  return *slot;
}

}  // namespace

Status done() {
  return done(Secret());
}

Status done(ByteView bytes) {
  return done(Secret::copy_of(bytes));
}

Status done(Secret&& bytes) {
  result().owned = std::move(bytes);
  result().view = result().owned.reveal();
  return 0;
}

Status done_view(ByteView bytes) {
  result().owned = Secret();
  result().view = bytes;
  return 0;
}

Status failed(const Error& error) {
  done(as_bytes(error.text));
  return 1 + static_cast<Status>(error.code);
}

Status finish(Result<>&& r) {
  return r ? done() : failed(r.error());
}
Status finish(Result<Bytes>&& r) {
  return r ? done(Secret::take(std::move(*r))) : failed(r.error());
}
Status finish(Result<Secret>&& r) {
  return r ? done(std::move(*r)) : failed(r.error());
}

// bulla_alloc returns memory of `size` bytes for input.
extern "C" __attribute__((export_name("bulla_alloc"))) void* bulla_alloc(std::size_t size) {
  return std::malloc(size == 0 ? 1 : size);
}

// bulla_free wipes and returns memory of bulla_alloc.
extern "C" __attribute__((export_name("bulla_free"))) void bulla_free(std::uint8_t* data, std::size_t size) {
  if (data == nullptr) return;
  wipe({data, size});
  std::free(data);
}

extern "C" __attribute__((export_name("bulla_result_data"))) const std::uint8_t* bulla_result_data() {
  return result().view.data();
}

extern "C" __attribute__((export_name("bulla_result_size"))) std::size_t bulla_result_size() {
  return result().view.size();
}

// bulla_result_clear wipes the result once the host has copied it.
BULLA_EXPORT(bulla_result_clear)() {
  return done();
}

}  // namespace bulla::wasm
