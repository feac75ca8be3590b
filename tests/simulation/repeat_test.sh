#!/usr/bin/env bash
# repeat_test.sh <simulation>: a seed decides everything, so two runs print the same, byte for byte;
# a schedule is the same whether others were run before it or not; and bad usage is told.
set -euo pipefail

simulation=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
  echo "$1" >&2
  exit 1
}

# The last line has a time.
history() { "$simulation" --history "$@" | sed '$d'; }

history --seeds 3 --start 20 >"$work/once"
history --seeds 3 --start 20 >"$work/again"
cmp "$work/once" "$work/again" || fail "the same seeds gave another history"
(( $(wc -l <"$work/once") > 1000 )) || fail "there is not much of a history"

history --start 22 >"$work/alone"
tail -n "$(wc -l <"$work/alone")" "$work/once" | cmp - "$work/alone" ||
    fail "a schedule depends on those before it"

history --start 23 >"$work/other"
! cmp -s "$work/alone" "$work/other" || fail "another seed gave the same history"

status=0
"$simulation" --seeds many >"$work/usage" 2>&1 || status=$?
(( status == 2 )) || fail "bad usage gave status $status"
