# CMake toolchain for WebAssembly: Clang with wasi-libc and libc++ of Debian (see core/wasm). No emscripten.
set(WASM ON)
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR wasm32)
set(CMAKE_C_COMPILER clang-19)
set(CMAKE_CXX_COMPILER clang++-19)
set(CMAKE_C_COMPILER_TARGET wasm32-wasi)
set(CMAKE_CXX_COMPILER_TARGET wasm32-wasi)
set(CMAKE_EXECUTABLE_SUFFIX .wasm)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)

# Sections for each function and object let the linker leave out whatever a module does not export.
set(wasm_flags "-ffunction-sections -fdata-sections -fvisibility=hidden -fno-stack-protector -flto -mbulk-memory -mmutable-globals -mnontrapping-fptoint -msign-ext")
set(CMAKE_C_FLAGS_INIT "${wasm_flags}")
set(CMAKE_CXX_FLAGS_INIT "${wasm_flags} -fno-exceptions -fno-rtti -fwhole-program-vtables -fvirtual-function-elimination")
set(CMAKE_C_FLAGS_RELEASE_INIT "")
# Speed is decided by a few loops (ChaCha20, Poly1305, SHA-256, the curve), which sodium.cmake compiles with -O3.
set(CMAKE_C_FLAGS_RELEASE "-Oz -DNDEBUG" CACHE STRING "")
set(CMAKE_CXX_FLAGS_RELEASE "-Oz -DNDEBUG" CACHE STRING "")
set(CMAKE_EXE_LINKER_FLAGS_INIT "-mexec-model=reactor")
find_program(CMAKE_AR llvm-ar-19 REQUIRED)
find_program(CMAKE_RANLIB llvm-ranlib-19 REQUIRED)
