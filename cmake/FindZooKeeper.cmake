# FindZooKeeper: the multi-threaded C client of Apache ZooKeeper, for which neither upstream nor
# Debian ships a CMake package or a .pc file.
#
# Defines the imported target
#   ZooKeeper::zookeeper_mt    #include <zookeeper/zookeeper.h>
# and the variables
#   ZooKeeper_FOUND, ZooKeeper_VERSION
#
# A copy outside of the usual places is found through CMAKE_PREFIX_PATH or ZooKeeper_ROOT.

# The directory above zookeeper/, since what is inside it has names like proto.h and winconfig.h.
find_path(ZooKeeper_INCLUDE_DIR NAMES zookeeper/zookeeper.h
          DOC "Directory of zookeeper/zookeeper.h")
find_library(ZooKeeper_MT_LIBRARY NAMES zookeeper_mt
             DOC "ZooKeeper's multi-threaded C client")
mark_as_advanced(ZooKeeper_INCLUDE_DIR ZooKeeper_MT_LIBRARY)

set(ZooKeeper_VERSION "")
if(ZooKeeper_INCLUDE_DIR AND EXISTS "${ZooKeeper_INCLUDE_DIR}/zookeeper/zookeeper_version.h")
  file(STRINGS "${ZooKeeper_INCLUDE_DIR}/zookeeper/zookeeper_version.h" _zookeeper_version
       REGEX "^#define ZOO_VERSION \"[0-9.]+")
  if(_zookeeper_version MATCHES "\"([0-9.]+)")
    set(ZooKeeper_VERSION "${CMAKE_MATCH_1}")
  endif()
  unset(_zookeeper_version)
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(ZooKeeper
  REQUIRED_VARS ZooKeeper_MT_LIBRARY ZooKeeper_INCLUDE_DIR
  VERSION_VAR ZooKeeper_VERSION
  REASON_FAILURE_MESSAGE "On Debian and Ubuntu: apt-get install libzookeeper-mt-dev")

if(ZooKeeper_FOUND AND NOT TARGET ZooKeeper::zookeeper_mt)
  add_library(ZooKeeper::zookeeper_mt UNKNOWN IMPORTED)
  set_target_properties(ZooKeeper::zookeeper_mt PROPERTIES
    IMPORTED_LOCATION "${ZooKeeper_MT_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${ZooKeeper_INCLUDE_DIR}"
    INTERFACE_COMPILE_DEFINITIONS THREADED)  # without it the header hides the synchronous calls
endif()
