#!/usr/bin/env bash
# What tests/run.sh installs, builds and runs, by its arguments. bootstrap.sh, cmake and ctest are
# played by this script.
#
#   run_test.sh <source directory>
set -euo pipefail

source_dir=$1
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
calls=$scratch/calls

fail() {
  echo "run test: $*" >&2
  sed 's/^/  | /' "$calls" >&2
  exit 1
}

mkdir -p "$scratch/zklock/tests" "$scratch/zklock/cmake" "$scratch/bin"
cp "$source_dir/tests/run.sh" "$scratch/zklock/tests"
for program in zklock/cmake/bootstrap.sh bin/cmake bin/ctest; do
  printf '#!/bin/sh\necho "%s $*" >>"%s"\n' "${program##*/}" "$calls" >"$scratch/$program"
  chmod +x "$scratch/$program"
done
export PATH=$scratch/bin:$PATH ZKLOCK_BUILD_DIR=$scratch/build
mkdir "$scratch/build"
echo 'ZKLOCK_HAS_PEERS:INTERNAL=OFF' >"$scratch/build/CMakeCache.txt"

# runs STATUS ARGUMENT...
runs() {
  local expected=$1 status=0
  shift
  : >"$calls"
  "$scratch/zklock/tests/run.sh" "$@" >"$scratch/output" 2>&1 || status=$?
  [[ $status == "$expected" ]] || fail "run.sh $*: exit status $status"
}

# calls LINE: exactly so. does_not_call TEXT.
calls() { grep -qxF -e "$1" "$calls" || fail "no call of '$1'"; }
does_not_call() { ! grep -qF -e "$1" "$calls" || fail "a call with '$1'"; }

runs 0 --help
[[ ! -s $calls ]] || fail "--help calls something"
grep -q -- '-L unit' "$scratch/output" || fail "--help does not help"
runs 0 -h

runs 0
calls "bootstrap.sh build server models peers"
calls "cmake $scratch/build"  # configured again: the other clients are here now
does_not_call --target

runs 0 -L unit
calls "bootstrap.sh build"
calls "cmake --build $scratch/build --parallel $(nproc) --target tests-unit"
does_not_call "cmake $scratch/build"
grep -qE '^ctest .* -L unit$' "$calls" || fail "ctest does not get the label"

runs 0 --label-regex '^unit$|headers' -j 1
calls "bootstrap.sh build"
calls "cmake --build $scratch/build --parallel $(nproc) --target tests-unit tests-headers"

runs 0 -L simulation
calls "bootstrap.sh build models"
calls "cmake --build $scratch/build --parallel $(nproc) --target tests-simulation"

runs 0 -L integration -L timing
calls "bootstrap.sh build server"
calls "cmake --build $scratch/build --parallel $(nproc) --target tests-integration"

runs 0 -L timing
calls "cmake --build $scratch/build --parallel $(nproc) --target tests-unit tests-integration tests-chaos"

runs 0 -LE 'install|demo|timing|headers|chaos|interop'
calls "bootstrap.sh build server models"
calls "cmake --build $scratch/build --parallel $(nproc) --target tests-unit tests-simulation tests-integration"

runs 0 -R Metadata
calls "bootstrap.sh build server models peers"
does_not_call --target

runs 1 -L no-such-label
[[ ! -s $calls ]] || fail "an unknown label calls something"
grep -q 'unit, simulation' "$scratch/output" || fail "the labels are not named"

rm "$scratch/build/CMakeCache.txt"
runs 0 -L unit
calls "cmake -S $scratch/zklock -B $scratch/build -G Ninja"

# Every label is one that run.sh knows.
labels=$(grep -rhoE '\bLABELS [a-z ]+' "$source_dir/tests" "$source_dir/examples" --include=CMakeLists.txt |
         sed 's/^LABELS//' | tr ' ' '\n' | sort -u)
for label in $labels; do
  runs 0 -L "^$label\$"
done
