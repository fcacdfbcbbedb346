# Helpers for the rooms:
#
#   rac_add_library(Name SOURCES... [LINK libs...] [LINK_PRIVATE libs...] [EXCEPTIONS] [NO_PCH])
#       A static library RacName. LINK takes other rooms' libraries (RacCost) and anything else
#       that target_link_libraries takes; MLIR and LLVM are always linked, as shared libraries.
#       LINK_PRIVATE: what users of the room need not see the headers of (ONNX::onnx).
#       EXCEPTIONS: for the rooms whose libraries throw or use RTTI (protobuf and ONNX do); without
#       it code is compiled as LLVM's is, -fno-exceptions -fno-rtti.
#       NO_PCH: without the precompiled header of MLIR's headers.
#   rac_add_tool(rac-name SOURCES... [...])
#       An executable build/bin/rac-name.
#   rac_add_static_tool(rac-name SOURCES... [...])
#       The same, not made by `all`, with LLVM and MLIR linked in: for machines that lack them
#       (scripts/gpu_pack.sh).
#   rac_add_unittest(NameTests SOURCES... [...])
#       A GoogleTest executable that ctest knows test by test.

set(RAC_LLVM_STYLE_FLAGS -fno-exceptions -fno-rtti)
include(RacPch)

# Headers that TableGen makes must exist before anything is compiled. All targets under
# include/rac are taken, so a room that adds one there need not announce it.
add_custom_target(rac-headers)
function(rac_collect_tablegen_targets)
  set(dirs ${CMAKE_SOURCE_DIR}/include/rac)
  while(dirs)
    list(POP_FRONT dirs dir)
    if(NOT IS_DIRECTORY ${dir} OR NOT EXISTS ${dir}/CMakeLists.txt)
      continue()
    endif()
    get_property(targets DIRECTORY ${dir} PROPERTY BUILDSYSTEM_TARGETS)
    foreach(target IN LISTS targets)
      if(target MATCHES "IncGen$")
        add_dependencies(rac-headers ${target})
      endif()
    endforeach()
    get_property(children DIRECTORY ${dir} PROPERTY SUBDIRECTORIES)
    list(APPEND dirs ${children})
  endwhile()
endfunction()

# LLVM and MLIR, as who is linked at last wants them.
file(GLOB archives ${LLVM_LIBRARY_DIR}/libMLIR*.a ${LLVM_LIBRARY_DIR}/libLLVM*.a)
add_library(RacLLVM INTERFACE)
target_link_libraries(RacLLVM INTERFACE
  "$<IF:$<BOOL:$<TARGET_PROPERTY:RAC_STATIC>>,${archives},MLIR$<SEMICOLON>LLVM>")
unset(archives)

macro(rac_parse_arguments)
  cmake_parse_arguments(ARG "EXCEPTIONS;NO_PCH" "" "LINK;LINK_PRIVATE" ${ARGN})
endmacro()

function(rac_set_up_target target)
  rac_parse_arguments(${ARGN})
  add_dependencies(${target} rac-headers)
  # Executables are compiled like libraries (-fPIC, not -fPIE): both share the precompiled header.
  set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
  target_compile_options(${target} PRIVATE -fPIC)
  if(RAC_FIRST_HEADER)
    target_compile_options(${target} PRIVATE "SHELL:-include ${RAC_FIRST_HEADER}")
  endif()
  if(NOT ARG_EXCEPTIONS)
    target_compile_options(${target} PRIVATE ${RAC_LLVM_STYLE_FLAGS})
    if(NOT ARG_NO_PCH)
      rac_use_pch(${target})
    endif()
  endif()
  target_link_libraries(${target} PUBLIC ${ARG_LINK} RacLLVM PRIVATE ${ARG_LINK_PRIVATE})
endfunction()

function(rac_add_library name)
  rac_parse_arguments(${ARGN})
  add_library(Rac${name} STATIC ${ARG_UNPARSED_ARGUMENTS})
  rac_set_up_target(Rac${name} ${ARGN})
endfunction()

function(rac_add_tool name)
  rac_parse_arguments(${ARGN})
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  rac_set_up_target(${name} ${ARGN})
endfunction()

function(rac_add_static_tool name)
  rac_add_tool(${name} ${ARGN})
  # Where its libraries are packed beside it, they are found.
  set_target_properties(${name} PROPERTIES RAC_STATIC ON EXCLUDE_FROM_ALL ON BUILD_RPATH "$ORIGIN/../lib")
  target_link_libraries(${name} PRIVATE ZLIB::ZLIB zstd::libzstd_shared)
  target_link_options(${name} PRIVATE -Wl,--gc-sections -Wl,--strip-all)
endfunction()

function(rac_add_unittest name)
  rac_parse_arguments(${ARGN})
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  rac_set_up_target(${name} ${ARGN})
  target_link_libraries(${name} PRIVATE GTest::gmock GTest::gtest_main)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/unittests)
  # Listed when they are run: a test that crashes on start then fails the run, not the build.
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST)
endfunction()
