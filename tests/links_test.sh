#!/usr/bin/env bash
# Links between the documents lead somewhere: to a file of the repository, and to a heading of it. And
# each document but README.md is linked from another one.
#
#   links_test.sh <source directory>
set -euo pipefail

cd "$1"

# anchors_of <file>: its headings, as GitHub makes anchors of them (without those that come twice).
anchors_of() {
  awk '/^ *```/ { in_code = !in_code } !in_code && /^#+ /' "$1" |
      sed -E 's/^#+ +//; s/\[([^]]*)\]\([^)]*\)/\1/g' | tr '[:upper:]' '[:lower:]' |
      sed -E 's/[^a-z0-9 _-]//g; s/ /-/g'
}

# links_of <file>: what follows `](`, outside of code.
links_of() {
  awk '/^ *```/ { in_code = !in_code; next } !in_code && !/^    /' "$1" | sed -E 's/`[^`]*`//g' |
      grep -oP '\]\(\K[^) ]+' || true
}

documents=$(find . \( -path './build*' -o -path ./.git \) -prune -o -name '*.md' -print | sed 's|^\./||')
linked=$'\n'
status=0
complain() { echo "$*" >&2; status=1; }

while read -r document; do
  while read -r link; do
    case $link in
      http://* | https://* | mailto:*) continue ;;
    esac
    file=${link%%#*}
    if [[ $file ]]; then file=$(dirname "$document")/$file; else file=$document; fi
    if [[ ! -e $file ]]; then
      complain "$document: ($link) is no file"
      continue
    fi
    [[ $file == "$document" ]] || linked+=$(realpath --relative-to=. "$file")$'\n'
    if [[ $link == *'#'* && $'\n'$(anchors_of "$file")$'\n' != *$'\n'"${link#*#}"$'\n'* ]]; then
      complain "$document: ($link): the file has no such heading"
    fi
  done < <(links_of "$document")
done <<<"$documents"

while read -r document; do
  [[ $document == README.md || $linked == *$'\n'"$document"$'\n'* ]] ||
      complain "$document: no other document links to it"
done <<<"$documents"
exit $status
