/* What libsodium expects of its surroundings, for WebAssembly: a start that has nothing to choose, randomness that goes
 * through getentropy (see host.cc), and an end for calls that break its rules. */
#include <stddef.h>
#include <unistd.h>

int sodium_init(void) { return 0; }

void sodium_misuse(void) { __builtin_trap(); }

void randombytes_buf(void* const buffer, const size_t size) {
  for (size_t done = 0; done < size;) {
    const size_t n = size - done < 256 ? size - done : 256;
    if (getentropy((unsigned char*)buffer + done, n) != 0) __builtin_trap();
    done += n;
  }
}

/* Stands for ge25519_scalarmult_base where its tables are not wanted (see sodium.cmake); nothing calls it. */
void bulla_no_base_table(void* point, const unsigned char* scalar);
void bulla_no_base_table(void* point, const unsigned char* scalar) {
  (void)point, (void)scalar;
  __builtin_trap();
}
