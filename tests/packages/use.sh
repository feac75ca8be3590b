#!/usr/bin/env bash
# Installs the packages of /packages, and uses what they brought. In a Debian of its own (run).
set -euo pipefail

fail() {
  echo "packages: $*" >&2
  exit 1
}

# apt_get ARGUMENT...
apt_get() {
  DEBIAN_FRONTEND=noninteractive apt-get -qq --no-install-recommends "$@" >/apt.log 2>&1 || {
    cat /apt.log >&2
    fail "apt-get $* failed"
  }
}

apt_get update

# The command needs nothing but its own package and the library's.
apt_get install man-db
apt_get install /packages/zklock_*.deb /packages/libzklock0*.deb
version=$(dpkg-query -W -f '${Version}' zklock)
[[ $(zklock --version) == *"${version%-*}"* ]] || fail "zklock says that it is $(zklock --version)"
zklock --help >/dev/null
zookeeper-example --help >/dev/null
man -w zklock
bash -n /usr/share/bash-completion/completions/zklock

# As tests/install has it for the installed tree: outside projects find the library, link it and run.
# The last one, with mocks, needs what the package suggests.
apt_get install /packages/libzklock-dev_*.deb g++ cmake ninja-build pkg-config
mkdir /work
export SOURCE_DIR=/zklock WORK_DIR=/work PREFIX=/usr CMAKE=cmake CMAKE_GENERATOR=Ninja CXX=g++
export PKG_CONFIG=pkg-config
/zklock/tests/install/install_test.sh find_package shared
/zklock/tests/install/install_test.sh pkg_config shared
apt_get install libgmock-dev
/zklock/tests/install/install_test.sh mock shared

# Everything goes again, and leaves nothing.
apt_get purge zklock 'libzklock*'
left=$(find / -xdev \( -path /zklock -o -path /packages -o -path /work -o -path /proc \) -prune -o -name '*zklock*' -print)
[[ ! $left ]] || fail "the packages leave something: $left"
