#!/usr/bin/env bash
# Builds zklock and runs its tests, from nothing: packages that are missing are installed first.
#
#   tests/run.sh                   everything
#   tests/run.sh -R Metadata       what it is given goes to ctest: here, cases with such a name
#   tests/run.sh -L unit           cases with that label: unit, integration, interop, headers, ...
#
# Builds in build/ (ZKLOCK_BUILD_DIR overrides), and only what has changed. A build directory that
# was configured by hand keeps its settings. The exit status, and the last lines, are ctest's.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=${ZKLOCK_BUILD_DIR:-$root/build}
jobs=$(nproc)

"$root/cmake/bootstrap.sh" build server peers

if [[ ! -e $build/CMakeCache.txt ]]; then
  cmake -S "$root" -B "$build" -G Ninja
fi
cmake --build "$build" --parallel "$jobs"

# Cases that measure time run alone: they are RUN_SERIAL. Finding nothing to run is a failure.
exec ctest --test-dir "$build" --parallel "$jobs" --output-on-failure --no-tests=error "$@"
