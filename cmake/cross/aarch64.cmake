# Toolchain: clang for AArch64 Linux, with the distribution's C library for it (Debian: libc6-dev-arm64-cross and
# libstdc++-12-dev-arm64-cross, which clang finds by itself).
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER_TARGET aarch64-linux-gnu)
set(CMAKE_CXX_COMPILER_TARGET aarch64-linux-gnu)
set(CMAKE_FIND_ROOT_PATH /usr/aarch64-linux-gnu)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
# Atomic instructions in line: the functions that choose between kinds of them are in a library that models don't have.
set(CMAKE_C_FLAGS_INIT -mno-outline-atomics)
set(CMAKE_CXX_FLAGS_INIT -mno-outline-atomics)
