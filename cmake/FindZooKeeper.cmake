# FindZooKeeper: the multi-threaded C client of Apache ZooKeeper. Upstream ships no CMake package and no
# .pc file, so everybody who distributes it does that differently. Found are, the first one counts:
#
#   vcpkg       its CMake package unofficial-zookeeper; has to have the feature "sync"
#   Conan       its CMake package zookeeper-client-c, by the generator CMakeDeps
#   libraries   libzookeeper_mt, as autotools call it (Debian, Homebrew); or libzookeeper.a with
#               libhashtable.a, as ZooKeeper's own CMake files call it (the files of Conan's package)
#
# Defines the imported target
#   ZooKeeper::zookeeper_mt    #include <zookeeper/zookeeper.h>
# and the variables
#   ZooKeeper_FOUND, ZooKeeper_VERSION
#   ZooKeeper_LINK_NAMES       what a linker has to be given, after -l, for .pc files
#
# A copy outside of the usual places is found through CMAKE_PREFIX_PATH or ZooKeeper_ROOT.

find_package(unofficial-zookeeper CONFIG QUIET)
find_package(zookeeper-client-c CONFIG QUIET)
mark_as_advanced(unofficial-zookeeper_DIR zookeeper-client-c_DIR)

set(_zookeeper_required ZooKeeper_LINK_NAMES ZooKeeper_INCLUDE_DIR)
set(ZooKeeper_LINK_NAMES zookeeper hashtable m)
if(TARGET unofficial::zookeeper::zookeeper)
  set(_zookeeper_target unofficial::zookeeper::zookeeper)
  set(_zookeeper_include "${unofficial-zookeeper_DIR}/../../include")
elseif(TARGET zookeeper-client-c::zookeeper-client-c)
  set(_zookeeper_target zookeeper-client-c::zookeeper-client-c)
  set(_zookeeper_include "${zookeeper-client-c_INCLUDE_DIRS}")
else()
  set(_zookeeper_target "")
  find_library(ZooKeeper_MT_LIBRARY NAMES zookeeper_mt zookeeper NAMES_PER_DIR
               DOC "ZooKeeper's multi-threaded C client")
  cmake_path(GET ZooKeeper_MT_LIBRARY PARENT_PATH _zookeeper_libdir)
  set(_zookeeper_include "${_zookeeper_libdir}/../include")
  if(ZooKeeper_MT_LIBRARY MATCHES "libzookeeper[.]a$")
    find_library(ZooKeeper_HASHTABLE_LIBRARY NAMES hashtable HINTS "${_zookeeper_libdir}" NO_DEFAULT_PATH
                 DOC "What ZooKeeper's C client needs, if it is static")
    mark_as_advanced(ZooKeeper_HASHTABLE_LIBRARY)
    list(PREPEND _zookeeper_required ZooKeeper_MT_LIBRARY ZooKeeper_HASHTABLE_LIBRARY)
  else()
    set(ZooKeeper_LINK_NAMES zookeeper_mt)
    list(PREPEND _zookeeper_required ZooKeeper_MT_LIBRARY)
  endif()
  mark_as_advanced(ZooKeeper_MT_LIBRARY)
endif()

# The directory above zookeeper/, since what is inside it has names like proto.h and winconfig.h. Conan
# has no such directory. The header beside the library first: there may be others.
find_path(ZooKeeper_INCLUDE_DIR NAMES zookeeper/zookeeper.h zookeeper.h
          HINTS ${_zookeeper_include} NO_DEFAULT_PATH)
find_path(ZooKeeper_INCLUDE_DIR NAMES zookeeper/zookeeper.h zookeeper.h
          DOC "Directory of zookeeper/zookeeper.h, or of zookeeper.h")
mark_as_advanced(ZooKeeper_INCLUDE_DIR)
set(_zookeeper_include "${ZooKeeper_INCLUDE_DIR}")
if(ZooKeeper_INCLUDE_DIR AND NOT EXISTS "${ZooKeeper_INCLUDE_DIR}/zookeeper/zookeeper.h")
  set(_zookeeper_include "${CMAKE_BINARY_DIR}/CMakeFiles/FindZooKeeper")
  file(MAKE_DIRECTORY "${_zookeeper_include}")
  file(CREATE_LINK "${ZooKeeper_INCLUDE_DIR}" "${_zookeeper_include}/zookeeper" SYMBOLIC)
endif()

set(ZooKeeper_VERSION "")
if(EXISTS "${_zookeeper_include}/zookeeper/zookeeper_version.h")
  file(STRINGS "${_zookeeper_include}/zookeeper/zookeeper_version.h" _zookeeper_version
       REGEX "^#define ZOO_VERSION \"[0-9.]+")
  if(_zookeeper_version MATCHES "\"([0-9.]+)")
    set(ZooKeeper_VERSION "${CMAKE_MATCH_1}")
  endif()
  unset(_zookeeper_version)
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(ZooKeeper
  REQUIRED_VARS ${_zookeeper_required}
  VERSION_VAR ZooKeeper_VERSION
  REASON_FAILURE_MESSAGE "On Debian and Ubuntu: apt-get install libzookeeper-mt-dev")

if(ZooKeeper_FOUND AND NOT TARGET ZooKeeper::zookeeper_mt)
  if(_zookeeper_target)
    add_library(ZooKeeper::zookeeper_mt INTERFACE IMPORTED)
    target_link_libraries(ZooKeeper::zookeeper_mt INTERFACE ${_zookeeper_target})
  else()
    add_library(ZooKeeper::zookeeper_mt UNKNOWN IMPORTED)
    set_target_properties(ZooKeeper::zookeeper_mt PROPERTIES
      IMPORTED_LOCATION "${ZooKeeper_MT_LIBRARY}")
    if(ZooKeeper_HASHTABLE_LIBRARY)
      find_package(Threads QUIET)
      target_link_libraries(ZooKeeper::zookeeper_mt INTERFACE
        "${ZooKeeper_HASHTABLE_LIBRARY}" m Threads::Threads)
    endif()
  endif()
  set_target_properties(ZooKeeper::zookeeper_mt PROPERTIES
    INTERFACE_INCLUDE_DIRECTORIES "${_zookeeper_include}"
    INTERFACE_COMPILE_DEFINITIONS THREADED)  # without it the header hides the synchronous calls
endif()
