# Settings that hold for every target: language, warnings, sanitizers, linker, ccache.
set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
# What one folder finds, all folders that link it see.
set(CMAKE_FIND_PACKAGE_TARGETS_GLOBAL ON)
if(NOT WASM)
  set(CMAKE_POSITION_INDEPENDENT_CODE ON)
endif()
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)

if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang" OR CMAKE_CXX_COMPILER_VERSION VERSION_LESS 19)
  message(FATAL_ERROR "Bulla is built with Clang 19 or newer (found ${CMAKE_CXX_COMPILER_ID} "
                      "${CMAKE_CXX_COMPILER_VERSION}). Use a preset: cmake --preset dev, or ./dev build.")
endif()

add_library(bulla_options INTERFACE)
target_include_directories(bulla_options INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(bulla_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wnon-virtual-dtor -Woverloaded-virtual
  -Wimplicit-fallthrough -Wunused -Wno-missing-field-initializers -Werror)

# BULLA_SANITIZE: a list for -fsanitize=, e.g. "address,undefined" or "thread".
set(BULLA_SANITIZE "" CACHE STRING "Sanitizers to build with")
if(BULLA_SANITIZE)
  add_compile_options(-fsanitize=${BULLA_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${BULLA_SANITIZE})
endif()
if(BULLA_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

if(NOT WASM)
  add_compile_options(-fstack-protector-strong)
  add_link_options(-fuse-ld=lld)
  if(CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo" OR CMAKE_BUILD_TYPE STREQUAL "Release")
    add_compile_options(-D_FORTIFY_SOURCE=2 -gline-tables-only)
    add_link_options(-Wl,-z,relro,-z,now)
  endif()
  find_program(CCACHE ccache)
  if(CCACHE)
    # Precompiled headers and ccache agree only with these; the file times of a PCH are not looked at.
    set(ccache_launcher ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
                        CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${CCACHE})
    set(CMAKE_CXX_COMPILER_LAUNCHER ${ccache_launcher})
    set(CMAKE_C_COMPILER_LAUNCHER ${ccache_launcher})
    add_compile_options($<$<COMPILE_LANGUAGE:CXX>:SHELL:-Xclang$<SEMICOLON>-fno-pch-timestamp>)
  endif()
  find_package(PkgConfig REQUIRED)
  find_package(Threads REQUIRED)
  pkg_check_modules(SODIUM REQUIRED IMPORTED_TARGET libsodium)
  find_package(OpenSSL 3 REQUIRED)
  if(BULLA_TESTS)
    find_package(GTest REQUIRED)
    include(GoogleTest)
  endif()
endif()
