#!/usr/bin/env bash
# The documents quote files that other tests build and run, and have to say what those files say.
# Above a quoted block stands a line that readers do not see:
#
#   <!-- examples/quickstart.cc: lock -->
#
# The block is that file from the line `// [readme: lock]` to the next `// [readme-end]` (with # in
# CMake's files), without the indentation that all of its lines have. Every such region has to be
# quoted by some document, and every block of C++ in the README and in the guide has to be a quote.
#
#   readme_test.sh <source directory>
set -euo pipefail

cd "$1"
status=0
fail() {
  echo "$*" >&2
  status=1
}

# region_of <file> <name>
region_of() {
  sed -nE "/^ *(\/\/|#) \[readme: $2\]\$/,/^ *(\/\/|#) \[readme-end\]\$/{//!p}" "$1" |
      awk '{ lines[NR] = $0
             if (NF) { match($0, /^ */); if (least == "" || RLENGTH < least) least = RLENGTH } }
           END { for (i = 1; i <= NR; i++) print substr(lines[i], least + 1) }'
}

# block_of <document> <label>: the first block after this line of the document.
block_of() {
  awk -v label="$2" '
    inside && /^```$/ { exit }
    inside { print }
    found && /^```/ { inside = 1 }
    $0 == label { found = 1 }' "$1"
}

quoted=$'\n'
label_form='^<!-- ([^ ]+): (.+) -->$'
while IFS=: read -r document label; do
  [[ $label =~ $label_form ]]
  file=${BASH_REMATCH[1]} name=${BASH_REMATCH[2]}
  quoted+="$file: $name"$'\n'
  region=$(region_of "$file" "$name")
  [[ $region ]] || fail "$document: $file has no region [readme: $name]"
  diff -u --label "$document" --label "$file" <(block_of "$document" "$label") \
      <(printf '%s\n' "$region") || status=1
done < <(find . \( -path './build*' -o -path ./.git \) -prune -o -name '*.md' -print |
    sed 's|^\./||' | xargs grep -HE '^<!-- [^ ]+: .+ -->$')

while IFS=: read -r file _ name; do
  name=${name# }
  name=${name%]}
  [[ $quoted == *$'\n'"$file: $name"$'\n'* ]] || fail "no document quotes $file: $name"
done < <(grep -rE '^ *(//|#) \[readme: .+\]$' --include='*.cc' --include=CMakeLists.txt examples tests/install)

while IFS=: read -r place; do
  fail "$place: this code is not quoted from a file that is compiled"
done < <(awk 'FNR == 1 { above = "" } /^```cpp$/ && above !~ /^<!-- / { print FILENAME ": line " FNR }
              { above = $0 }' README.md examples/*.md)

[[ $quoted != $'\n' ]] || fail "no document quotes anything"
exit $status
