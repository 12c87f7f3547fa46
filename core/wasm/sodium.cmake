# libsodium for WebAssembly: the files that Bulla uses, from the source that cmake/fetch_sodium.sh fetches.
# Everything else of it (other ciphers, SSE and AVX code, its random generator, mlock'ed memory) stays out.
set(BULLA_SODIUM_SOURCE ${CMAKE_SOURCE_DIR}/build/sodium CACHE PATH "Unpacked source of libsodium 1.0.18")
if(NOT EXISTS ${BULLA_SODIUM_SOURCE}/.complete)
  execute_process(COMMAND sh ${CMAKE_SOURCE_DIR}/cmake/fetch_sodium.sh ${CMAKE_SOURCE_DIR}/build COMMAND_ERROR_IS_FATAL ANY)
endif()

set(sodium ${BULLA_SODIUM_SOURCE}/src/libsodium)
set(VERSION 1.0.18)
set(SODIUM_LIBRARY_VERSION_MAJOR 10)
set(SODIUM_LIBRARY_VERSION_MINOR 3)
set(SODIUM_LIBRARY_MINIMAL_DEF "")
configure_file(${sodium}/include/sodium/version.h.in ${CMAKE_CURRENT_BINARY_DIR}/sodium/sodium/version.h)

set(sodium_sources
  crypto_aead/chacha20poly1305/sodium/aead_chacha20poly1305.c
  crypto_auth/hmacsha256/auth_hmacsha256.c
  crypto_auth/hmacsha512/auth_hmacsha512.c
  crypto_core/ed25519/core_ed25519.c
  crypto_core/ed25519/core_ristretto255.c
  crypto_core/ed25519/ref10/ed25519_ref10.c
  crypto_generichash/blake2b/ref/blake2b-compress-ref.c
  crypto_generichash/blake2b/ref/blake2b-ref.c
  crypto_generichash/blake2b/ref/generichash_blake2b.c
  crypto_hash/sha256/cp/hash_sha256_cp.c
  crypto_hash/sha256/hash_sha256.c
  crypto_hash/sha512/cp/hash_sha512_cp.c
  crypto_hash/sha512/hash_sha512.c
  crypto_onetimeauth/poly1305/donna/poly1305_donna.c
  crypto_onetimeauth/poly1305/onetimeauth_poly1305.c
  crypto_pwhash/argon2/argon2-core.c
  crypto_pwhash/argon2/argon2-fill-block-ref.c
  crypto_pwhash/argon2/argon2.c
  crypto_pwhash/argon2/blake2b-long.c
  crypto_pwhash/argon2/pwhash_argon2id.c
  crypto_scalarmult/crypto_scalarmult.c
  crypto_scalarmult/curve25519/ref10/x25519_ref10.c
  crypto_scalarmult/curve25519/scalarmult_curve25519.c
  crypto_scalarmult/ristretto255/ref10/scalarmult_ristretto255_ref10.c
  crypto_sign/crypto_sign.c
  crypto_sign/ed25519/ref10/keypair.c
  crypto_sign/ed25519/ref10/open.c
  crypto_sign/ed25519/ref10/sign.c
  crypto_sign/ed25519/sign_ed25519.c
  crypto_stream/chacha20/ref/chacha20_ref.c
  crypto_stream/chacha20/stream_chacha20.c
  crypto_verify/sodium/verify.c
  sodium/utils.c)
list(TRANSFORM sodium_sources PREPEND ${sodium}/)

add_library(sodium STATIC ${sodium_sources} ${CMAKE_CURRENT_LIST_DIR}/sodium_host.c)
target_compile_definitions(sodium PRIVATE CONFIGURED=1 NATIVE_LITTLE_ENDIAN=1 HAVE_EXPLICIT_BZERO=1 HAVE_C_VARARRAYS=1
  _WASI_EMULATED_SIGNAL=1
  PUBLIC SODIUM_STATIC=1)
target_compile_options(sodium PRIVATE -w)
target_include_directories(sodium
  PRIVATE ${sodium}/include/sodium ${CMAKE_CURRENT_BINARY_DIR}/sodium/sodium)
target_include_directories(sodium SYSTEM INTERFACE ${CMAKE_CURRENT_BINARY_DIR}/sodium ${sodium}/include)

# The loops that decide the speed. The curve and Argon2's setup run once, and stay small.
set_source_files_properties(
  ${sodium}/crypto_hash/sha256/cp/hash_sha256_cp.c
  ${sodium}/crypto_onetimeauth/poly1305/donna/poly1305_donna.c
  ${sodium}/crypto_pwhash/argon2/argon2-fill-block-ref.c
  ${sodium}/crypto_stream/chacha20/ref/chacha20_ref.c
  PROPERTIES COMPILE_OPTIONS -O3 TARGET_DIRECTORY sodium)

# X25519 with the base point takes a table of 30 kB, for a speed that nobody here needs: crypto/x25519.cc multiplies 9.
set_source_files_properties(${sodium}/crypto_scalarmult/curve25519/ref10/x25519_ref10.c
  PROPERTIES COMPILE_DEFINITIONS ge25519_scalarmult_base=bulla_no_base_table TARGET_DIRECTORY sodium)
