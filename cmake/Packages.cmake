# cpack: Debian packages, one for each component of Install.cmake. How to make them is in
# packaging/debian.cmake; tests/packages/run makes them, and tries them in a fresh Debian.
if(NOT PROJECT_IS_TOP_LEVEL)
  return()
endif()

# The library's package has the version of its interface in its name, as its file has: so programs
# that were linked with different ones can be installed together.
get_target_property(soversion zklock SOVERSION)
set(library_package "libzklock${soversion}")

set(CPACK_GENERATOR DEB)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_ALL zklock_library zklock_development zklock_command)
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGING_INSTALL_PREFIX "${CMAKE_INSTALL_PREFIX}")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "")  # each package has one of its own, as the first line

set(CPACK_DEBIAN_ZKLOCK_LIBRARY_PACKAGE_NAME "${library_package}")
set(CPACK_DEBIAN_ZKLOCK_LIBRARY_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_ZKLOCK_LIBRARY_PACKAGE_CONTROL_EXTRA "${CMAKE_CURRENT_LIST_DIR}/packaging/triggers")
set(CPACK_COMPONENT_ZKLOCK_LIBRARY_DESCRIPTION "distributed lock on ZooKeeper: shared library
Processes on many machines contend for a lock that ZooKeeper keeps. They get
it in the order in which they asked, with a fencing token for the data that it
protects, and a holder knows in time when it has lost it.")

set(CPACK_DEBIAN_ZKLOCK_DEVELOPMENT_PACKAGE_NAME libzklock-dev)
set(CPACK_DEBIAN_ZKLOCK_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_ZKLOCK_DEVELOPMENT_PACKAGE_SHLIBDEPS OFF)
set(CPACK_DEBIAN_ZKLOCK_DEVELOPMENT_PACKAGE_SUGGESTS "libgmock-dev")
set(CPACK_COMPONENT_ZKLOCK_DEVELOPMENT_DEPENDS zklock_library)
set(CPACK_COMPONENT_ZKLOCK_DEVELOPMENT_DESCRIPTION "distributed lock on ZooKeeper: development files
Headers, and what CMake and pkg-config need to find the library. For the tests
of programs that use it: a ZooKeeper in memory, and mocks for GoogleTest.")

set(CPACK_DEBIAN_ZKLOCK_COMMAND_PACKAGE_NAME zklock)
set(CPACK_DEBIAN_ZKLOCK_COMMAND_PACKAGE_SECTION net)
set(CPACK_COMPONENT_ZKLOCK_COMMAND_DEPENDS zklock_library)
set(CPACK_COMPONENT_ZKLOCK_COMMAND_DESCRIPTION "distributed lock on ZooKeeper: command
Runs a command while a lock is held, shows who holds a lock and who waits for
it, waits until it is free, and removes one claim.")

set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS "${PROJECT_BINARY_DIR}/src")
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS_POLICY ">=")
set(CPACK_DEBIAN_ENABLE_COMPONENT_DEPENDS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)

# Whose package it is: Debian's tools know that by these variables.
if(DEFINED ENV{DEBFULLNAME} AND DEFINED ENV{DEBEMAIL})
  set(maintainer "$ENV{DEBFULLNAME} <$ENV{DEBEMAIL}>")
else()
  set(maintainer "zklock maintainers <maintainers@zklock.invalid>")
endif()
set(CPACK_DEBIAN_PACKAGE_MAINTAINER "${maintainer}")

# Each Debian has packages of its own, as their dependencies differ; those of a newer one replace those
# of an older one.
cmake_host_system_information(RESULT distribution QUERY DISTRIB_INFO)
set(CPACK_DEBIAN_PACKAGE_RELEASE "1~${distribution_ID}${distribution_VERSION_ID}")

# What the policy wants in each package. Not for `cmake --install`, where there are no packages.
set(changelog "${PROJECT_BINARY_DIR}/cmake/changelog.Debian")
string(TIMESTAMP date "%a, %d %b %Y %H:%M:%S +0000" UTC)  # or that of SOURCE_DATE_EPOCH
file(CONFIGURE OUTPUT "${changelog}" @ONLY CONTENT
"zklock (@PROJECT_VERSION@-@CPACK_DEBIAN_PACKAGE_RELEASE@) @distribution_VERSION_CODENAME@; urgency=medium

  * What has changed is in zklock's own changelog.

 -- @maintainer@  @date@
")
foreach(component IN LISTS CPACK_COMPONENTS_ALL)
  string(TOUPPER "${component}" upper)
  set(directory "${CMAKE_INSTALL_DATADIR}/doc/${CPACK_DEBIAN_${upper}_PACKAGE_NAME}")
  install(FILES "${CMAKE_CURRENT_LIST_DIR}/packaging/copyright" "${changelog}"
    DESTINATION "${directory}" COMPONENT ${component} EXCLUDE_FROM_ALL)
  install(FILES "${PROJECT_SOURCE_DIR}/.github/CHANGELOG.md" RENAME changelog
    DESTINATION "${directory}" COMPONENT ${component} EXCLUDE_FROM_ALL)
endforeach()
set(CPACK_PRE_BUILD_SCRIPTS "${CMAKE_CURRENT_LIST_DIR}/packaging/compress.cmake")

include(CPack)
