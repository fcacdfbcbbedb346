# Compiles through ccache when it is there. The settings travel in the launcher, so that they hold
# however ninja is started: several checkouts in different folders share what they compiled.
find_program(RAC_CCACHE ccache)
if(RAC_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  get_filename_component(root ${CMAKE_CURRENT_LIST_DIR} DIRECTORY)
  set(launcher
      ${CMAKE_COMMAND} -E env
      CCACHE_BASEDIR=${root}
      CCACHE_NOHASHDIR=1
      # A precompiled header is known by its content.
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      ${RAC_CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${launcher})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${launcher})
endif()
