#!/usr/bin/env bash
# Builds zklock and runs its tests, from nothing: packages that are missing are installed first.
#
#   tests/run.sh                   everything
#   tests/run.sh -L unit           one kind of test: unit, simulation, headers, integration, interop,
#                                  chaos, install. Only what that kind needs is installed and built.
#   tests/run.sh -R Metadata       cases with such a name. All arguments go to ctest: see its manual.
#
# Builds in build/ (ZKLOCK_BUILD_DIR overrides), and only what has changed. A build directory that
# was configured by hand keeps its settings. The exit status, and the last lines, are ctest's.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=${ZKLOCK_BUILD_DIR:-$root/build}
jobs=$(nproc)

# --- What is asked for ---------------------------------------------------------------------------

kinds=(unit simulation headers integration interop chaos install)  # each case is of one of them
all=${#kinds[@]}

# kinds_of REGEX: those that can have a case with a label that matches. Two labels go with kinds.
kinds_of() {
  local kind
  for kind in "${kinds[@]}"; do
    if [[ $kind =~ $1 ]] || [[ timing =~ $1 && $kind == @(unit|integration|chaos) ]] ||
        [[ demo =~ $1 && $kind == integration ]]; then
      echo "$kind"
    fi
  done
}

arguments=("$@")
while (( $# )); do
  case $1 in
    -h | --help)
      sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"
      exit 0
      ;;
    -L | --label-regex)  # several of them: all have to match
      mapfile -t kinds < <(kinds_of "${2-}")
      shift
      ;;
    -LE | --label-exclude)
      left=()
      for kind in ${kinds[@]+"${kinds[@]}"}; do
        [[ $kind =~ ${2-} ]] || left+=("$kind")
      done
      kinds=(${left[@]+"${left[@]}"})
      shift
      ;;
  esac
  shift $(( $# ? 1 : 0 ))
done
if (( ${#kinds[@]} == 0 )); then
  echo "run.sh: no test has such a label: unit, simulation, headers, integration, interop, chaos," \
      "install, timing, demo" >&2
  exit 1
fi
wanted=" ${kinds[*]} "

# --- Installing, building, running ---------------------------------------------------------------

groups=(build)
if [[ $wanted =~ \ (integration|interop|chaos)\  ]]; then groups+=(server); fi
if [[ $wanted == *" simulation "* ]]; then groups+=(models); fi
if [[ $wanted == *" interop "* ]]; then groups+=(peers); fi
"$root/cmake/bootstrap.sh" "${groups[@]}"

# Configured before the other clients were installed, it has no tests with them.
if [[ ! -e $build/CMakeCache.txt ]]; then
  cmake -S "$root" -B "$build" -G Ninja
elif [[ $wanted == *" interop "* ]] && grep -q '^ZKLOCK_HAS_PEERS:INTERNAL=OFF' "$build/CMakeCache.txt"
then
  cmake "$build"
fi
targets=()  # all: also the benchmarks, which have to go on compiling
if (( ${#kinds[@]} < all )); then targets=(--target "${kinds[@]/#/tests-}"); fi
cmake --build "$build" --parallel "$jobs" ${targets[@]+"${targets[@]}"}

# Cases that measure time run alone: they are RUN_SERIAL. Finding nothing to run is a failure.
exec ctest --test-dir "$build" --parallel "$jobs" --output-on-failure --no-tests=error \
    ${arguments[@]+"${arguments[@]}"}
