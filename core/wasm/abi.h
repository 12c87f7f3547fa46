// The border between the modules and their host (web/wasm/): numbers and memory, nothing else.
//
// - Bytes go in as pointer and size; the host puts them into memory from bulla_alloc, which bulla_free wipes.
// - Texts are UTF-8 bytes.
// - A function returns a status: 0, or 1 + the value of bulla::Code. What it returns besides stands in the result
//   (bulla_result_data, bulla_result_size) until the next call: its bytes when the status is 0, else the error's text.
// - A function that makes a handle writes it as the first 4 bytes (little-endian) of the result.
#pragma once

#include "core/base/result.h"
#include "core/base/secret.h"

// BULLA_EXPORT(name)(parameters) begins the definition of an exported function that returns a status.
#define BULLA_EXPORT(name) extern "C" __attribute__((export_name(#name))) std::uint32_t name

namespace bulla::wasm {

using Status = std::uint32_t;

inline ByteView view(const std::uint8_t* data, std::size_t size) {
  return {data, size};
}
inline std::string_view text(const std::uint8_t* data, std::size_t size) {
  return as_text(view(data, size));
}

// Each of these fills the result, wiping the one before, and returns the status.
Status done();
Status done(ByteView bytes);
Status done(Secret&& bytes);
// The result is a view: the bytes stay where they are, until the next call at least.
Status done_view(ByteView bytes);
Status failed(const Error& error);

// finish turns what a core function returned into result and status.
Status finish(Result<>&& result);
Status finish(Result<Bytes>&& result);
Status finish(Result<Secret>&& result);

// done_handle hands an object on the heap to the host, which gives it back to the matching *_free; `more` stands behind
// the handle in the result.
template <class T>
Status done_handle(T* object, ByteView more = {}) {
  const auto address = static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(object));
  Bytes bytes;
  for (int shift = 0; shift < 32; shift += 8) bytes.push_back(static_cast<std::uint8_t>(address >> shift));
  append(bytes, more);
  return done(bytes);
}

}  // namespace bulla::wasm
