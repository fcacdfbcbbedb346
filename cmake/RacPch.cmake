# A precompiled header of the MLIR headers that most passes include.
#
# A small pass takes about 9 s to compile without it and 0.7 s with it. It holds headers of the
# system only, never ours, so it lies in the cache, under a name that is a hash of all it depends on:
# every checkout and every build folder with the same flags uses one file, and ccache knows its
# content. It is made when CMake configures.

function(rac_use_pch target)
  if(RAC_PCH_FILE)
    target_compile_options(${target} PRIVATE
      $<$<COMPILE_LANGUAGE:CXX>:SHELL:-include-pch ${RAC_PCH_FILE}>)
  endif()
endfunction()

set(RAC_FIRST_HEADER "")
if(NOT "${CMAKE_CXX_FLAGS} ${CMAKE_CXX_FLAGS_RELEASE}" MATCHES NDEBUG)
  set(RAC_FIRST_HEADER ${CMAKE_SOURCE_DIR}/cmake/Statistics.h)
endif()

set(RAC_PCH_FILE "")
if(NOT RAC_PCH OR NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  return()
endif()

set(header ${CMAKE_SOURCE_DIR}/cmake/MlirPch.h)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${header})

string(TOUPPER "${CMAKE_BUILD_TYPE}" build_type)
separate_arguments(flags NATIVE_COMMAND "${CMAKE_CXX_FLAGS} ${CMAKE_CXX_FLAGS_${build_type}}")
get_property(options DIRECTORY PROPERTY COMPILE_OPTIONS)
list(FILTER options EXCLUDE REGEX "\\$<")
separate_arguments(definitions NATIVE_COMMAND "${LLVM_DEFINITIONS}")
list(APPEND flags -std=c++17 -fPIC ${options} ${RAC_LLVM_STYLE_FLAGS} ${definitions})
foreach(dir IN LISTS MLIR_INCLUDE_DIRS LLVM_INCLUDE_DIRS)
  list(APPEND flags -isystem ${dir})
endforeach()
list(APPEND flags -Xclang -fno-pch-timestamp -fpch-instantiate-templates)

execute_process(COMMAND ${CMAKE_CXX_COMPILER} --version OUTPUT_VARIABLE version)
file(READ ${header} text)
if(RAC_FIRST_HEADER)
  file(READ ${RAC_FIRST_HEADER} first)
  string(PREPEND text "${first}")
endif()
# Stands for all of LLVM's headers: an upgrade of the package changes it.
file(TIMESTAMP ${MLIR_CMAKE_DIR}/MLIRConfig.cmake stamp)
string(SHA256 hash "${CMAKE_CXX_COMPILER} ${version} ${flags} ${text} ${LLVM_PACKAGE_VERSION} ${stamp}")
string(SUBSTRING ${hash} 0 12 hash)

set(dir ${RAC_CACHE}/pch-${hash})
if(NOT EXISTS ${dir}/MlirPch.pch)
  message(STATUS "Precompiling MLIR's headers (about 15 s, once)")
  # Written under another name and renamed, so that one cut short is never used.
  file(WRITE ${dir}/MlirPch.h "${text}")
  string(RANDOM part)
  set(part ${dir}/${part}.part)
  execute_process(
    COMMAND ${CMAKE_CXX_COMPILER} ${flags} -x c++-header ${dir}/MlirPch.h -o ${part}
    RESULT_VARIABLE failed ERROR_VARIABLE errors)
  if(failed)
    file(REMOVE ${part})
    message(FATAL_ERROR "Precompiling MLIR's headers failed:\n${errors}")
  endif()
  file(RENAME ${part} ${dir}/MlirPch.pch)
endif()
set(RAC_PCH_FILE ${dir}/MlirPch.pch)
