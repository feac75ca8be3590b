#!/usr/bin/env bash
# Checks one public header:
#   check_header.sh <include directory> <header> plain|gmock <compiler>...
#
# - it compiles alone, and twice in a row, without a warning, with every compiler given
# - it includes the standard library and zklock only
# - it costs those who include it less than 50,000 lines; one for tests, or one that takes functions
#   (<functional> alone has some 40,000), less than 65,000
# A gmock header is GoogleTest's as well as ours: the last two do not apply to it.
set -euo pipefail

include_dir=$1 header=$2 kind=$3
shift 3
max_lines=50000
if [[ $header == zklock/testing/* ]] ||
    grep -qE '^#include <(functional|zklock/locked_worker\.h)>' "$include_dir/$header"; then
  max_lines=65000
fi
status=0
fail() {
  echo "$header: $*" >&2
  status=1
}

source_text="#include <$header>
#include <$header>"

for compiler in "$@"; do
  "$compiler" -std=c++20 -fsyntax-only -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror \
      -I "$include_dir" -x c++ - <<<"$source_text" || fail "does not compile alone with $compiler"
done

if [[ $kind == plain ]]; then
  # The standard library's headers have neither a directory nor an ending; C's and others' do. The
  # file that export.h includes does not exist: it is an error message.
  while read -r included; do
    [[ $included != '"zklock needs C++20: '* ]] || continue
    [[ $included =~ ^\<(zklock/[a-z0-9_/]+\.h|[a-z_0-9]+)\>$ ]] || fail "includes $included"
  done < <(sed -nE 's/^[[:space:]]*#[[:space:]]*include[[:space:]]*([<"][^>"]*[>"]).*/\1/p' \
           "$include_dir/$header")

  lines=$("$1" -std=c++20 -E -P -I "$include_dir" -x c++ - <<<"$source_text" | wc -l)
  echo "$header: $lines lines"
  (( lines < max_lines )) || fail "preprocesses to $lines lines; at most $max_lines"
fi

exit $status
