# The settings of a build whose packages are for Debian:
#
#   cmake -S . -B build-deb -G Ninja -C cmake/packaging/debian.cmake
#   cmake --build build-deb
#   cpack --config build-deb/CPackConfig.cmake -B build-deb
set(CMAKE_BUILD_TYPE Release CACHE STRING "")
set(BUILD_SHARED_LIBS ON CACHE BOOL "")
set(ZKLOCK_BUILD_TESTS OFF CACHE BOOL "")

# The libraries go where the linker of this architecture looks: nothing has to say where.
set(CMAKE_INSTALL_PREFIX /usr CACHE PATH "")
set(CMAKE_SKIP_INSTALL_RPATH ON CACHE BOOL "")
