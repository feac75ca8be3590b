#!/usr/bin/env bash
# Makes the Debian packages in /packages, and checks them with lintian. In a Debian of its own (run).
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
build=/build

cmake/bootstrap.sh deb
cmake -S . -B "$build" -G Ninja -C cmake/packaging/debian.cmake >/dev/null
cmake --build "$build" --target zklock zklock_fake zklock_command zookeeper-example
SOURCE_DIR=$PWD WORK_DIR=$build CMAKE=cmake tests/install/install_test.sh symbols shared "$build"
cpack --config "$build/CPackConfig.cmake" -B /packages >/packages.log || { cat /packages.log; exit 1; }

for package in /packages/*.deb; do
  echo "--- $(basename "$package")"
  dpkg-deb --field "$package" Package Version Architecture Depends Suggests
done

# As root, since everything here is root's. Warnings are shown, and do not fail.
lintian --allow-root --fail-on error /packages/*.deb
