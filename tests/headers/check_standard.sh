#!/usr/bin/env bash
# A public header that is compiled as C++17 gives one error, which says what to do.
#
#   check_standard.sh <include directory> <header> <compiler>...
set -euo pipefail

include_dir=$1 header=$2
shift 2
status=0

for compiler in "$@"; do
  if output=$(LC_ALL=C "$compiler" -std=c++17 -fsyntax-only -I "$include_dir" -x c++ - \
                  <<<"#include <$header>" 2>&1); then
    echo "$header: $compiler compiles it as C++17" >&2
    status=1
    continue
  fi
  errors=$(grep -c 'error:' <<<"$output") || true
  if [[ $errors != 1 || $output != *"error: "*"zklock needs C++20: compile with -std=c++20"* ]]; then
    printf '%s: %s errors of %s, not one that asks for C++20:\n%s\n' \
        "$header" "$errors" "$compiler" "$output" >&2
    status=1
  fi
done
exit $status
