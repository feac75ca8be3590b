#!/usr/bin/env bash
# cmake/FindZooKeeper.cmake finds ZooKeeper's C client in trees of the shape that those who distribute it
# install. What is in the trees is made here: a library that says whose it is.
#
#   test.sh    with SOURCE_DIR, CMAKE and CXX set, as CMakeLists.txt above has it
set -euo pipefail

fail() {
  cat "$scratch/output" >&2
  echo "find_zookeeper: $*" >&2
  exit 1
}

project=$SOURCE_DIR/tests/install/find_zookeeper
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
unset CMAKE_PREFIX_PATH ZooKeeper_ROOT
cd "$scratch"

# make_headers DIRECTORY VERSION
make_headers() {
  mkdir -p "$1"
  echo "#define ZOO_VERSION \"$2\"" >"$1/zookeeper_version.h"
  { echo '#include "zookeeper_version.h"'; echo 'const char* zookeeper_distributor();'; } >"$1/zookeeper.h"
}

# make_object NAME CODE
make_object() {
  "$CXX" -fPIC -x c++ -c - -o "$1.o" <<<"$2"
}

# make_static DISTRIBUTOR DIRECTORY NEEDED: libzookeeper.a, which needs libhashtable.a, or one more.
make_static() {
  mkdir -p "$2"
  make_object "$1" "const char* $3(const char*);
      const char* zookeeper_distributor() { return $3(\"$1\"); }"
  ar rcs "$2/libzookeeper.a" "$1.o"
  ar rcs "$2/libhashtable.a" hashtable.o
}
make_object hashtable 'const char* hashtable(const char* name) { return name; }'
make_object tls 'const char* hashtable(const char*);
    const char* tls(const char* name) { return hashtable(name); }'

# Homebrew, or a ZooKeeper that was built with its configure script: a shared library.
make_headers homebrew/include/zookeeper 9.1.1
mkdir homebrew/lib
make_object homebrew 'const char* zookeeper_distributor() { return "homebrew"; }'
"$CXX" -shared homebrew.o -o homebrew/lib/libzookeeper_mt.so

# Conan: static libraries, and headers without a directory of their own.
make_headers conan/include 9.2.2
make_static conan conan/lib hashtable

# The same with what its generator CMakeDeps writes.
mkdir conan_deps
cat >conan_deps/zookeeper-client-c-config.cmake <<CONFIG
add_library(zookeeper-client-c::zookeeper-client-c INTERFACE IMPORTED)
target_link_libraries(zookeeper-client-c::zookeeper-client-c INTERFACE
  "$scratch/conan/lib/libzookeeper.a" "$scratch/conan/lib/libhashtable.a")
set(zookeeper-client-c_INCLUDE_DIRS "$scratch/conan/include")
CONFIG

# vcpkg: static libraries, and a CMake package that describes them, with whatever else they need.
make_headers vcpkg/include/zookeeper 9.3.3
make_static vcpkg vcpkg/lib tls
ar rcs vcpkg/lib/libtls.a tls.o
mkdir -p vcpkg/share/unofficial-zookeeper
cat >vcpkg/share/unofficial-zookeeper/unofficial-zookeeperConfig.cmake <<'CONFIG'
get_filename_component(prefix "${CMAKE_CURRENT_LIST_DIR}/../.." ABSOLUTE)
add_library(unofficial::zookeeper::hashtable STATIC IMPORTED)
set_target_properties(unofficial::zookeeper::hashtable PROPERTIES
  IMPORTED_LOCATION "${prefix}/lib/libhashtable.a")
add_library(unofficial::zookeeper::zookeeper STATIC IMPORTED)
set_target_properties(unofficial::zookeeper::zookeeper PROPERTIES
  IMPORTED_LOCATION "${prefix}/lib/libzookeeper.a"
  INTERFACE_LINK_LIBRARIES "${prefix}/lib/libtls.a;unofficial::zookeeper::hashtable")
CONFIG

# finds TREE DISTRIBUTOR VERSION LINK_NAMES: in one build directory, where the compiler is looked at
# once. The system has a libzookeeper_mt of its own, which must not be taken instead, nor its header.
finds() {
  "$CMAKE" --no-warn-unused-cli -S "$project" -B build -U 'ZooKeeper_*' -U '*zookeeper*_DIR' \
      -DCMAKE_MODULE_PATH="$SOURCE_DIR/cmake" -DCMAKE_PREFIX_PATH="$scratch/$1" >output 2>&1 ||
      fail "nothing is found in the tree of $1"
  grep -qF "version $3, link names $4" output || fail "$1: not version $3 with $4"
  "$CMAKE" --build build >output 2>&1 || fail "what is found in the tree of $1 cannot be linked"
  [[ $(build/program) == "$2" ]] || fail "$1: found that of $(build/program)"
}
finds homebrew homebrew 9.1.1 "zookeeper_mt"
finds conan conan 9.2.2 "zookeeper;hashtable;m"
finds conan_deps conan 9.2.2 "zookeeper;hashtable;m"
finds vcpkg vcpkg 9.3.3 "zookeeper;hashtable;m"

# A static one without its other half is not complete.
rm conan/lib/libhashtable.a
if "$CMAKE" --no-warn-unused-cli -S "$project" -B build -U 'ZooKeeper_*' -U '*zookeeper*_DIR' \
    -DCMAKE_MODULE_PATH="$SOURCE_DIR/cmake" -DCMAKE_PREFIX_PATH="$scratch/conan" >output 2>&1; then
  fail "Conan's is found without libhashtable.a"
fi
grep -q ZooKeeper_HASHTABLE_LIBRARY output || fail "the error does not say that libhashtable.a is missing"
