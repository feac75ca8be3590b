#!/usr/bin/env bash
# The manual page and the completion of zklock have each command and option of its --help, and no
# others.
#
#   command_docs_test.sh <source directory> <zklock>
set -euo pipefail

source=$1/src/cli
zklock=$2
commands=(run ls status wait break)

options_in() { grep -oE -- '--[a-z][a-z-]+' | sort -u; }
helped=$({ "$zklock" --help; for command in "${commands[@]}"; do "$zklock" "$command" --help; done; } |
         options_in)
documented=$(sed 's/\\-/-/g; s/\\f.//g' "$source/zklock.1" | options_in)
completed=$(options_in <"$source/zklock.bash")

status=0
compare() {
  diff <(echo "$helped") <(echo "$2") || { echo "$1: < only in --help, > only here" >&2; status=1; }
}
compare zklock.1 "$documented"
compare zklock.bash "$completed"

# shellcheck source=src/cli/zklock.bash
source "$source/zklock.bash"
COMP_WORDS=(zklock break --y) COMP_CWORD=2
_zklock
[[ ${COMPREPLY[*]} == --yes ]] || { echo "completed --y as '${COMPREPLY[*]}'" >&2; status=1; }
COMP_WORDS=(zklock st) COMP_CWORD=1
_zklock
[[ ${COMPREPLY[*]} == status ]] || { echo "completed st as '${COMPREPLY[*]}'" >&2; status=1; }

if command -v groff >/dev/null; then
  complaints=$(groff -man -Tascii -ww "$source/zklock.1" 2>&1 >/dev/null)
  [[ -z $complaints ]] || { echo "$complaints" >&2; status=1; }
fi
exit $status
