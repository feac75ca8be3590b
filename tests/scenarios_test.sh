#!/usr/bin/env bash
# The tests that tests/README.md names exist.
#
#   scenarios_test.sh <source directory>
set -euo pipefail

cd "$1/tests"
# On one line each, as the sources break those that are long.
cases=$(find . -name '*_test.cc' -exec cat {} + | tr -s '\n ' ' ' |
    grep -oE 'TEST(_[FP])?\( ?[A-Za-z0-9]+, [A-Za-z0-9]+\)' |
    sed -E 's/^.*\( ?([A-Za-z0-9]+), ([A-Za-z0-9]+)\)$/\1.\2/')
named=$(grep -oE '`[A-Z][A-Za-z]+\.[A-Z][A-Za-z]+`' README.md | tr -d '`' | sort -u)
[[ $named ]] || { echo "tests/README.md names no test" >&2; exit 1; }

missing=$(comm -23 <(echo "$named") <(sort -u <<<"$cases"))
[[ -z $missing ]] || { printf 'tests/README.md names what is no test:\n%s\n' "$missing" >&2; exit 1; }
