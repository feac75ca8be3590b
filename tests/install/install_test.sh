#!/usr/bin/env bash
# One case of the install tests; CMakeLists.txt beside this file says which there are, and sets the
# variables in capitals. What a case builds is in a directory of its own that goes away with it; the
# libraries and the prefixes, which cases share, stay in the build tree.
#
#   build <static|shared> <build directory>     the library alone; the shared one as a release
#   size shared <build directory>               of that release
#   symbols shared <build directory>            that it exports: those of exported_symbols.txt
#   install <static|shared> <build directory>   into the prefix that the following ones use
#   find_package|pkg_config|mock <static|shared>
#   add_subdirectory
#   absolute_libdir
#   sanitized                                   the build type that nobody has to name
#   missing_packages                            what configuring says where something is not installed
set -euo pipefail

fail() {
  echo "install test: $*" >&2
  exit 1
}

consumer=$SOURCE_DIR/tests/install/consumer
case_name=$1 flavor=${2:-}
prefix=${PREFIX:-$WORK_DIR/prefix-$flavor}  # PREFIX: that of an installed package (tests/packages)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# Nothing of the caller's environment may help to find what the package has to find by itself.
unset PKG_CONFIG_PATH CMAKE_PREFIX_PATH LD_LIBRARY_PATH zklock_DIR zklock_ROOT

# Without flags: neither optimising nor debug information, which are most of the time that compiling
# the library takes.
fast=(-DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS_DEBUG=)

# configure_consumer <cmake argument>...
configure_consumer() {
  "$CMAKE" --no-warn-unused-cli -S "$consumer" -B "$scratch/build" "${fast[@]}" "$@"
}

# run_consumer <program>: runs it, and checks which zklock it got. A static program must not need
# the shared library, and the other way round.
run_consumer() {
  "$1"
  local libraries
  libraries=$(ldd "$1")
  if [[ $libraries == *libzklock.so* ]]; then
    [[ $flavor == shared ]] || fail "$1 was linked with the shared library"
  else
    [[ $flavor != shared ]] || fail "$1 was not linked with the shared library"
  fi
}

case $case_name in
  build)
    if [[ $flavor == shared ]]; then
      options=(-DBUILD_SHARED_LIBS=ON -DCMAKE_BUILD_TYPE=Release)
    else
      options=(-DBUILD_SHARED_LIBS=OFF "${fast[@]}")
    fi
    "$CMAKE" -S "$SOURCE_DIR" -B "$3" "${options[@]}" \
        -DZKLOCK_BUILD_TESTS=OFF -DZKLOCK_BUILD_EXAMPLES=ON
    # What is installed, and nothing else.
    "$CMAKE" --build "$3" --target zklock zklock_fake zklock_command zookeeper-example
    ;;

  size)
    limit=580000
    strip -o "$scratch/stripped" "$3/src/libzklock.so"
    bytes=$(stat -c %s "$scratch/stripped")
    (( bytes < limit )) || fail "the shared library has $bytes bytes stripped, not less than $limit"
    ;;

  symbols)
    list=$SOURCE_DIR/tests/install/exported_symbols.txt
    "${list%.txt}.sh" "$3/src/libzklock.so" >"$scratch/symbols"
    removed=$(LC_ALL=C comm -23 "$list" "$scratch/symbols" | c++filt | sort -u)
    added=$(LC_ALL=C comm -13 "$list" "$scratch/symbols" | c++filt | sort -u)
    [[ ! $removed ]] || printf '\n%s\n%s\n' \
        "No longer exported. A program that uses one of these does not start with this library:" "$removed"
    [[ ! $added ]] || printf '\n%s\n%s\n' "Exported, and not in the list:" "$added"
    [[ ! $removed$added ]] || fail "the library does not export what the list says. If that is meant \
(.github/CONTRIBUTING.md, \"The binary interface\", says when it may be), update the list:
  tests/install/exported_symbols.sh $3/src/libzklock.so >tests/install/exported_symbols.txt"
    readelf --dynamic "$3/src/libzklock.so" | grep -q NODELETE ||
        fail "dlclose would unload the library while its threads run"
    ;;

  install)
    rm -rf "$prefix"
    "$CMAKE" --install "$3" --prefix "$prefix"
    for file in include/zklock/zookeeper_lock.h include/zklock/testing/fake_zookeeper.h \
                include/zklock/testing/mock_lock.h bin/zookeeper-example bin/zklock \
                share/man/man1/zklock.1 share/bash-completion/completions/zklock; do
      [[ -e $prefix/$file ]] || fail "$file is not installed"
    done
    for file in zklock.pc zklock-fake.pc zklockConfig.cmake zklockConfigVersion.cmake FindZooKeeper.cmake; do
      [[ -n $(find "$prefix" -name "$file") ]] || fail "$file is not installed"
    done
    for program in zookeeper-example zklock; do
      "$prefix/bin/$program" --help >/dev/null || fail "the installed $program does not start"
    done
    # As a whole path: a clone in /zklock is not what "include/zklock" refers to.
    source_path=$(sed 's/[^[:alnum:]/]/\\&/g' <<<"$SOURCE_DIR")
    if grep -rE "(^|-[IL]|[^[:alnum:]_./}-])$source_path(\$|[^[:alnum:]_.-])" \
        --include='*.cmake' --include='*.pc' "$prefix"; then
      fail "the installed package refers to the source directory"
    fi
    ;;

  find_package)
    # What is private must not be looked for: the header-only libraries never, ZooKeeper only where
    # there is something to link.
    not_needed=(GTest nlohmann_json date CLI11)
    [[ $flavor == static ]] || not_needed+=(ZooKeeper)
    disabled=("${not_needed[@]/#/-DCMAKE_DISABLE_FIND_PACKAGE_}")
    configure_consumer -DHOW=find_package -DCMAKE_PREFIX_PATH="$prefix" "${disabled[@]/%/=ON}"
    "$CMAKE" --build "$scratch/build"
    run_consumer "$scratch/build/consumer"
    run_consumer "$scratch/build/fake_consumer"
    ;;

  mock)
    # What examples/testing.md says, to the letter: its test of a service, built by its lines for CMake.
    cp -r "$consumer" "$scratch/consumer"
    cp "$SOURCE_DIR/examples/mocking_test.cc" "$scratch/consumer/service_test.cc"
    consumer=$scratch/consumer
    configure_consumer -DHOW=mock -DCMAKE_PREFIX_PATH="$prefix"
    "$CMAKE" --build "$scratch/build"
    run_consumer "$scratch/build/service_test"
    ;;

  pkg_config)
    pc_dir=$(dirname "$(find "$prefix" -name zklock.pc)")
    export LD_LIBRARY_PATH=$pc_dir/..
    # Who links the static library may say so, or just have no other one.
    statics=("")
    [[ $flavor == shared ]] || statics+=(--static)
    for static in "${statics[@]}"; do
      flags=$(PKG_CONFIG_PATH=$pc_dir "$PKG_CONFIG" $static --cflags --libs zklock)
      # shellcheck disable=SC2086  # flags are words
      $CXX -std=c++20 "$consumer/consumer.cc" $flags -o "$scratch/consumer"
      run_consumer "$scratch/consumer"
      # shellcheck disable=SC2086  # flags are words
      $CXX -std=c++20 "$SOURCE_DIR/examples/quickstart.cc" $flags -o "$scratch/quickstart"  # README.md's line
      flags=$(PKG_CONFIG_PATH=$pc_dir "$PKG_CONFIG" $static --cflags --libs zklock-fake)
      # shellcheck disable=SC2086  # flags are words
      $CXX -std=c++20 "$consumer/fake_consumer.cc" $flags -o "$scratch/fake_consumer"
      run_consumer "$scratch/fake_consumer"
    done
    version=$(PKG_CONFIG_PATH=$pc_dir "$PKG_CONFIG" --modversion zklock)
    [[ $("$scratch/consumer" --version) == "$version" ]] || fail "zklock.pc says version $version"
    ;;

  add_subdirectory)
    # As projects do that want to be built fast: it sets how everything in them is built.
    configure_consumer -DHOW=add_subdirectory -DZKLOCK_SOURCE_DIR="$SOURCE_DIR" \
        -DCMAKE_UNITY_BUILD=ON
    "$CMAKE" --build "$scratch/build"
    run_consumer "$scratch/build/consumer"
    run_consumer "$scratch/build/fake_consumer"
    # Neither our warnings, nor our tests and programs, nor our install rules are theirs.
    "$CMAKE" --install "$scratch/build" --prefix "$scratch/prefix"
    [[ ! -e $scratch/prefix ]] || fail "a subproject installs its files"
    ;;

  absolute_libdir)
    # Configuring is enough: zklock.pc is written then.
    "$CMAKE" -S "$SOURCE_DIR" -B "$scratch/build" -DCMAKE_INSTALL_PREFIX=/opt/zklock \
        -DCMAKE_INSTALL_LIBDIR=/opt/elsewhere/lib64 \
        -DZKLOCK_BUILD_TESTS=OFF -DZKLOCK_BUILD_EXAMPLES=OFF
    flags=$(PKG_CONFIG_PATH=$scratch/build/cmake "$PKG_CONFIG" --cflags --libs zklock)
    [[ " $flags " == *" -I/opt/zklock/include "* ]] || fail "wrong include directory: $flags"
    [[ " $flags " == *" -L/opt/elsewhere/lib64 "* ]] || fail "wrong library directory: $flags"
    ;;

  sanitized)
    # One file, of those that g++ 12 used to warn of (DeveloperFlags.cmake): warnings are errors.
    for kind in thread address; do
      "$CMAKE" -S "$SOURCE_DIR" -B "$scratch/build-$kind" -DZKLOCK_SANITIZE=$kind \
          -DZKLOCK_BUILD_TESTS=OFF -DZKLOCK_BUILD_EXAMPLES=OFF
      "$CMAKE" --build "$scratch/build-$kind" --target src/CMakeFiles/zklock.dir/client/connect.cc.o
    done
    ;;

  missing_packages)
    # explains <what is missing> <Debian package> [<cmake argument>]: one error, which names the
    # package. In one build directory: the compiler is looked at once.
    explains() {
      local output=$scratch/output
      if "$CMAKE" --no-warn-unused-cli -S "$SOURCE_DIR" -B "$scratch/build" \
             -U 'CMAKE_DISABLE_FIND_PACKAGE_*' -U CMAKE_IGNORE_PATH \
             "${3:--DCMAKE_DISABLE_FIND_PACKAGE_$1=ON}" >"$output" 2>&1; then
        fail "configures without $1"
      fi
      [[ $(grep -c '^CMake Error' "$output") == 1 ]] || { cat "$output"; fail "$1: not one error"; }
      # CMake breaks long lines.
      tr -s ' \n' '  ' <"$output" | grep -qF "On Debian and Ubuntu: apt-get install $2" ||
          { cat "$output"; fail "$1: the error does not name $2"; }
    }
    explains ZooKeeper libzookeeper-mt-dev -DCMAKE_IGNORE_PATH=/usr/include
    explains nlohmann_json nlohmann-json3-dev
    explains CLI11 libcli11-dev
    explains GTest "libgtest-dev libgmock-dev"
    explains SQLite3 libsqlite3-dev
    explains date libhowardhinnant-date-dev
    ;;

  *)
    fail "unknown case '$case_name'"
    ;;
esac
