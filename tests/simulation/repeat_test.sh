#!/usr/bin/env bash
# repeat_test.sh <simulation>: a seed decides everything, so two runs print the same, byte for byte;
# a schedule is the same whether others were run before it or not; bad usage is reported; and long
# runs show their progress.
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

# Lines in a log, and a report that is replaced on a terminal; nothing of it on standard output.
"$simulation" --seeds 20 --progress 0.001 2>"$work/progress" >"$work/out"
line='^[0-9]+ of 20 schedules, [0-9,]+ a second, [0-9:]+ (s|min) left$'
grep -qE "$line" "$work/progress" || fail "no progress: $(cat "$work/progress")"
! grep -vE "$line" "$work/progress" || fail "that is no progress"
(( $(wc -l <"$work/out") == 1 )) || fail "progress on standard output"
script -qec "$simulation --seeds 20 --progress 0.001" /dev/null </dev/null >"$work/terminal"
grep -qE $'\r[0-9]+ of 20 schedules' "$work/terminal" || fail "no progress on a terminal"
"$simulation" --seeds 20 2>"$work/progress" >"$work/out"
[[ ! -s $work/progress ]] || fail "a short run reports progress"
