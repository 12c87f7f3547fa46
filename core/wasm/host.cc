// What the C and C++ libraries expect of a host, so that a module imports one function only: "bulla"."random".
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <new>  // brings libc++'s configuration

// The host fills memory with random bytes (crypto.getRandomValues) and returns 0, or anything else when it cannot.
extern "C" __attribute__((import_module("bulla"), import_name("random"))) int bulla_host_random(void* out,
                                                                                                std::size_t size);

extern "C" int getentropy(void* out, std::size_t size) {
  if (size <= 256 && bulla_host_random(out, size) == 0) return 0;
  errno = EIO;
  return -1;
}

// Broken promises inside of the libraries end the module with a trap, and print nothing: without these, printf and the
// file functions of WASI would be linked in.
extern "C" [[noreturn]] void __cxa_pure_virtual() {
  __builtin_trap();
}
extern "C" [[noreturn]] void abort_message(const char*, ...) {
  __builtin_trap();
}
extern "C" [[noreturn]] void abort() {
  __builtin_trap();
}

// Each is one instruction of WebAssembly; those of wasi-libc are loops, written for engines that lack it.
extern "C" void* memcpy(void* __restrict to, const void* __restrict from, std::size_t size) {
  return __builtin_memcpy(to, from, size);
}
extern "C" void* memmove(void* to, const void* from, std::size_t size) {
  return __builtin_memmove(to, from, size);
}
extern "C" void* memset(void* to, int byte, std::size_t size) {
  return __builtin_memset(to, byte, size);
}

_LIBCPP_BEGIN_NAMESPACE_STD
[[noreturn]] void __libcpp_verbose_abort(const char*, ...) {
  __builtin_trap();
}
_LIBCPP_END_NAMESPACE_STD
