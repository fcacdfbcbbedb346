# What models for other machines are linked with and run by: for each architecture that this machine has a cross
# compiler's libraries for, build/<arch>/lib/librac_runtime.a and build/<arch>/bin/rac-run.
#
# Sets RAC_CROSS, the architectures, and RAC_CROSS_SYSTEM_LIBRARIES_<arch>, the shared libraries to link with.
include(ExternalProject)

set(RAC_CROSS "")
function(rac_add_cross arch)
  if(CMAKE_SYSTEM_PROCESSOR STREQUAL arch)
    return()
  endif()
  set(toolchain ${CMAKE_SOURCE_DIR}/cmake/cross/${arch}.cmake)
  set(check ${CMAKE_BINARY_DIR}/CMakeFiles/cross-${arch})
  file(WRITE ${check}.cpp "#include <thread>\nint main() { std::thread([] {}).join(); }\n")
  execute_process(
    COMMAND ${CMAKE_CXX_COMPILER} --target=${arch}-linux-gnu -fuse-ld=lld -pthread ${check}.cpp -o ${check}
    RESULT_VARIABLE status ERROR_VARIABLE problem OUTPUT_QUIET)
  if(status)
    message(STATUS "rac: no cross compiling for ${arch}: scripts/setup.sh names the packages; ${check}.log")
    file(WRITE ${check}.log "${problem}")
    return()
  endif()
  set(libraries "")
  foreach(library libc.so.6 ld-linux-aarch64.so.1 libm.so.6 libpthread.so.0 libdl.so.2)
    execute_process(COMMAND ${CMAKE_CXX_COMPILER} --target=${arch}-linux-gnu -print-file-name=${library}
                    OUTPUT_VARIABLE path OUTPUT_STRIP_TRAILING_WHITESPACE)
    if(IS_ABSOLUTE "${path}")
      get_filename_component(path ${path} ABSOLUTE)
      list(APPEND libraries ${path})
    endif()
  endforeach()
  string(REPLACE ";" ":" libraries "${libraries}")
  set(RAC_CROSS_SYSTEM_LIBRARIES_${arch} "${libraries}" PARENT_SCOPE)
  ExternalProject_Add(rac-${arch}
    SOURCE_DIR ${CMAKE_SOURCE_DIR}/cmake/cross
    BINARY_DIR ${CMAKE_BINARY_DIR}/${arch}
    PREFIX ${CMAKE_BINARY_DIR}/CMakeFiles/rac-${arch}
    CMAKE_ARGS -DCMAKE_TOOLCHAIN_FILE=${toolchain} -DCMAKE_BUILD_TYPE=Release
      -DCMAKE_C_COMPILER=${CMAKE_C_COMPILER} -DCMAKE_CXX_COMPILER=${CMAKE_CXX_COMPILER}
      -DCMAKE_EXE_LINKER_FLAGS=-fuse-ld=lld -DCMAKE_SHARED_LINKER_FLAGS=-fuse-ld=lld
    BUILD_ALWAYS ON
    LOG_CONFIGURE ON LOG_BUILD ON LOG_OUTPUT_ON_FAILURE ON
    INSTALL_COMMAND "")
  set(RAC_CROSS ${RAC_CROSS} ${arch} PARENT_SCOPE)
endfunction()

rac_add_cross(aarch64)
