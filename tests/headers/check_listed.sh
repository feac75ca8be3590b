#!/usr/bin/env bash
# check_listed.sh <source directory>: whether every public header is listed in src/CMakeLists.txt.
set -euo pipefail

cd "$1"
status=0
while read -r header; do
  if ! grep -qF "../$header" src/CMakeLists.txt; then
    echo "$header: not in src/CMakeLists.txt, so it would not be installed" >&2
    status=1
  fi
done < <(find include -name '*.h')
exit $status
