#!/usr/bin/env bash
# The folders of src are the architecture: who may include whom, and what is implemented where. And
# src/README.md names each part.
#
#   layers_test.sh <source directory>
set -euo pipefail

cd "$1/src"
# folder: the folders that it may include, besides itself. cli: the public headers only.
declare -A may_include=(
  [base]=""
  [wire]="base"
  [session]="wire base"
  [client]="session wire base"
  [queue]="base"
  [lock]="queue base"
  [testing]="lock queue client session wire base"
  [cli]=""
)
exceptions=" lock/zookeeper_lock.cc:client/connect.h "  # where the lock gets a client from

status=0
complain() { echo "$*" >&2; status=1; }

for folder in */; do
  [[ -v may_include[${folder%/}] ]] || complain "src/$folder: not in the table of layers_test.sh"
done
while IFS=: read -r file header; do
  from=${file%%/*} to=${header%%/*}
  [[ $header == */* ]] || complain "src/$file: includes \"$header\", which does not name its folder"
  [[ " $from ${may_include[$from]-} " == *" $to "* || $exceptions == *" $file:$header "* ]] ||
      complain "src/$file: includes \"$header\", against the direction of the layers"
done < <(grep -rHoP '^\s*#\s*include\s*"\K[^"]+' --include='*.h' --include='*.cc' .  | sed 's|^\./||')
while read -r source; do
  name=$(basename "${source%.cc}")
  [[ $name == main || -e ${source%.cc}.h || -n $(find ../include -name "$name.h") ]] ||
      complain "src/$source: has no header of the same name"
done < <(find . -name '*.cc' | sed 's|^\./||')
while read -r stem; do
  grep -qE "[\`/]$stem(\.[a-z]+)?\`" README.md || complain "src/README.md: does not name \`$stem\`"
done < <(find . -mindepth 2 \( -name '*.cc' -o -name '*.h' \) | sed -E 's|.*/||; s|\.[a-z]+$||' | sort -u)
exit $status
