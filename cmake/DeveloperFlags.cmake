# How zklock is built when it is worked on. None of this happens to a project that includes zklock:
# its build type, its warnings and its compiler launcher are its own business.

if(PROJECT_IS_TOP_LEVEL)
  get_property(is_multi_config GLOBAL PROPERTY GENERATOR_IS_MULTI_CONFIG)
  if(NOT is_multi_config AND NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "Debug, Release, RelWithDebInfo or MinSizeRel"
        FORCE)
  endif()

  find_program(ZKLOCK_CCACHE ccache DOC "Compiler cache, used if found")
  mark_as_advanced(ZKLOCK_CCACHE)
  if(ZKLOCK_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    set(CMAKE_CXX_COMPILER_LAUNCHER "${ZKLOCK_CCACHE}")
  endif()

  # clang-tidy reads it.
  set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
endif()

# Whole directories, not single targets: a program that is only half instrumented does not link, or
# reports races that are none.
if(ZKLOCK_SANITIZE STREQUAL "address")
  set(sanitizer_flags -fsanitize=address,undefined -fno-sanitize-recover=all)
elseif(ZKLOCK_SANITIZE STREQUAL "thread")
  set(sanitizer_flags -fsanitize=thread)
elseif(ZKLOCK_SANITIZE)
  message(FATAL_ERROR "ZKLOCK_SANITIZE is '${ZKLOCK_SANITIZE}': it can be 'address' or 'thread'")
endif()
if(ZKLOCK_SANITIZE)
  add_compile_options(${sanitizer_flags} -fno-omit-frame-pointer)
  add_link_options(${sanitizer_flags})
endif()

# zklock_developer_flags(<target>): our warnings, on our own targets only, and errors only here.
# (A packager with another compiler turns that off with `cmake --compile-no-warning-as-error`.)
function(zklock_developer_flags target)
  if(PROJECT_IS_TOP_LEVEL)
    target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wconversion -Wshadow)
    if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
      # What a mutex guards, and who has to hold it: src/base/mutex.h. Names that belong to the
      # compiler: clang-tidy takes long for them.
      target_compile_options(${target} PRIVATE
        -Wthread-safety -Wreserved-identifier -Wreserved-macro-identifier)
    endif()
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
      # In optimised code it sees overlaps in std::string's own code that cannot be (GCC's bug
      # 105651): at -O3, and with a sanitizer at -O2 as well. In every build type that may optimise.
      target_compile_options(${target} PRIVATE $<$<NOT:$<CONFIG:Debug>>:-Wno-restrict>)
    endif()
    if(ZKLOCK_SANITIZE AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
      # In instrumented code g++ 12 loses track, and warns of the standard library (std::regex).
      target_compile_options(${target} PRIVATE -Wno-maybe-uninitialized)
    endif()
    set_target_properties(${target} PROPERTIES COMPILE_WARNING_AS_ERROR ON)
  endif()
endfunction()

# zklock_unite_directories(<target>): with -DCMAKE_UNITY_BUILD=ON, the sources of a directory are compiled
# as one, which takes a compiler and clang-tidy a fraction of the time. So what is in their unnamed
# namespaces needs names of its own in the directory.
function(zklock_unite_directories target)
  set_target_properties(${target} PROPERTIES UNITY_BUILD_MODE GROUP)
  get_target_property(sources ${target} SOURCES)
  foreach(source IN LISTS sources)
    get_filename_component(path "${source}" ABSOLUTE)
    get_filename_component(directory "${path}" DIRECTORY)
    get_filename_component(group "${directory}" NAME)
    set_source_files_properties("${source}" PROPERTIES UNITY_GROUP "${group}")
  endforeach()
endfunction()

# zklock_precompile_standard_headers(<target>): these headers take a compiler longer than most sources
# that include them, so they are compiled once for all sources of the target. Not with a compiler cache:
# that helps more, and cannot be had together with this. And only where the tests are built, so that
# a build without them (as tests/install has it) finds the source that forgot to include one.
function(zklock_precompile_standard_headers target)
  if(PROJECT_IS_TOP_LEVEL AND ZKLOCK_BUILD_TESTS AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    target_precompile_headers(${target} PRIVATE
      <algorithm>
      <array>
      <atomic>
      <chrono>
      <condition_variable>
      <functional>
      <map>
      <memory>
      <mutex>
      <optional>
      <stop_token>
      <string>
      <string_view>
      <system_error>
      <thread>
      <utility>
      <vector>
    )
  endif()
endfunction()
