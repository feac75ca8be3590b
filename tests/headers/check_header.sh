#!/usr/bin/env bash
# Checks one public header:
#   check_header.sh <include directory> <header> plain|gmock <compiler>...
#
# - it compiles alone, and twice in a row, without a warning, with every compiler given
# - it includes the standard library and zklock only
# - it costs those who include it 1,500 lines at most, besides what a few standard headers have that
#   interfaces are made of. With one compiler these are 48,000 lines, with the next one 69,000.
# A gmock header is GoogleTest's as well as ours: the last two do not apply to it.
set -euo pipefail

include_dir=$1 header=$2 kind=$3
shift 3
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

  # lines_of HEADER...: after the first compiler's preprocessor.
  lines_of() {
    printf '#include <%s>\n' "$@" | "$compiler" -std=c++20 -E -P -I "$include_dir" -x c++ - | wc -l
  }
  compiler=$1
  standard=(chrono memory optional stop_token string system_error vector)
  if [[ $header == zklock/testing/* ]]; then standard+=(functional future); fi
  if grep -qE '^#include <(functional|zklock/locked_worker\.h)>' "$include_dir/$header"; then
    standard+=(functional)  # it takes functions
  fi
  lines=$(lines_of "$header")
  max_lines=$(($(lines_of "${standard[@]}") + 1500))
  echo "$header: $lines lines"
  (( lines <= max_lines )) || fail "preprocesses to $lines lines; at most $max_lines"
fi

exit $status
