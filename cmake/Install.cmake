# cmake --install: library, headers, programs, the CMake package and the .pc files. The components are
# for who installs a part only, as Packages.cmake does: zklock_library (what programs run with),
# zklock_development (what they are built with), zklock_command.
include(CMakePackageConfigHelpers)

set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/zklock")

# INCLUDES DESTINATION besides the file sets: without it an importing CMake older than 3.23, which
# knows no file sets, gets no include path at all.
install(TARGETS zklock zklock_fake EXPORT zklockTargets
  ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT zklock_development
  LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT zklock_library
    NAMELINK_COMPONENT zklock_development
  FILE_SET HEADERS DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" COMPONENT zklock_development
  INCLUDES DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
install(EXPORT zklockTargets NAMESPACE zklock:: DESTINATION "${package_dir}"
  COMPONENT zklock_development)

# An export set of its own, which is loaded only for `find_package(zklock COMPONENTS mock)`: who
# does not ask for the mocks needs no GoogleTest.
install(TARGETS zklock_mock EXPORT zklockMockTargets
  FILE_SET HEADERS DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" COMPONENT zklock_development
  INCLUDES DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
install(EXPORT zklockMockTargets NAMESPACE zklock:: DESTINATION "${package_dir}"
  COMPONENT zklock_development)

if(ZKLOCK_BUILD_EXAMPLES)
  install(TARGETS zklock_command zookeeper-example
    RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}" COMPONENT zklock_command)
  install(FILES src/cli/zklock.1 DESTINATION "${CMAKE_INSTALL_MANDIR}/man1" COMPONENT zklock_command)
  install(FILES src/cli/zklock.bash RENAME zklock
    DESTINATION "${CMAKE_INSTALL_DATADIR}/bash-completion/completions" COMPONENT zklock_command)
endif()

configure_package_config_file(
  "${CMAKE_CURRENT_LIST_DIR}/zklockConfig.cmake.in" "${PROJECT_BINARY_DIR}/cmake/zklockConfig.cmake"
  INSTALL_DESTINATION "${package_dir}"
  NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(
  "${PROJECT_BINARY_DIR}/cmake/zklockConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES
  "${PROJECT_BINARY_DIR}/cmake/zklockConfig.cmake"
  "${PROJECT_BINARY_DIR}/cmake/zklockConfigVersion.cmake"
  "${CMAKE_CURRENT_LIST_DIR}/FindZooKeeper.cmake"
  DESTINATION "${package_dir}" COMPONENT zklock_development)

# The .pc files find their prefix from where they lie, so that the installed tree can be moved. That
# is not possible where a directory was given as an absolute path; such a path is kept as it is.
if(IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}")
  set(pc_prefix "${CMAKE_INSTALL_PREFIX}")
  set(pc_libdir "${CMAKE_INSTALL_LIBDIR}")
else()
  file(RELATIVE_PATH pc_up "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
  string(REGEX REPLACE "/$" "" pc_up "${pc_up}")
  set(pc_prefix "\${pcfiledir}/${pc_up}")
  set(pc_libdir "\${prefix}/${CMAKE_INSTALL_LIBDIR}")
endif()
if(IS_ABSOLUTE "${CMAKE_INSTALL_INCLUDEDIR}")
  set(pc_includedir "${CMAKE_INSTALL_INCLUDEDIR}")
else()
  set(pc_includedir "\${prefix}/${CMAKE_INSTALL_INCLUDEDIR}")
endif()

# A shared zklock brings its dependencies itself. A static one needs them named, and since there is
# then no other one to link, also by who forgets `pkg-config --static`.
list(TRANSFORM ZooKeeper_LINK_NAMES PREPEND -l OUTPUT_VARIABLE pc_dependencies)
list(APPEND pc_dependencies ${CMAKE_THREAD_LIBS_INIT})
list(JOIN pc_dependencies " " pc_dependencies)
if(BUILD_SHARED_LIBS)
  set(pc_cflags " -DZKLOCK_SHARED")
  set(pc_libs "")
  set(pc_libs_private " ${pc_dependencies}")
else()
  set(pc_cflags "")
  set(pc_libs " ${pc_dependencies}")
  set(pc_libs_private "")
endif()
foreach(name IN ITEMS zklock zklock-fake)
  configure_file("${CMAKE_CURRENT_LIST_DIR}/${name}.pc.in" "${PROJECT_BINARY_DIR}/cmake/${name}.pc"
                 @ONLY)
  install(FILES "${PROJECT_BINARY_DIR}/cmake/${name}.pc"
          DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig" COMPONENT zklock_development)
endforeach()
