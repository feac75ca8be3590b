#!/usr/bin/env bash
# The README quotes files that are built and run by other tests, and has to say what they say. Above
# a block that is quoted stands a line that is not seen where the README is read:
#
#   <!-- examples/quickstart.cc: lock -->
#
# The block is that file from the line `// [readme: lock]` to the next `// [readme-end]` (with # in
# CMake's files), without the indentation that all of its lines have. Every such region has to be
# quoted.
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

# block_of <label>: the first block after this line of the README.
block_of() {
  awk -v label="$1" '
    inside && /^```$/ { exit }
    inside { print }
    found && /^```/ { inside = 1 }
    $0 == label { found = 1 }' README.md
}

quoted=$'\n'
while read -r file name; do
  label="<!-- $file: $name -->"
  quoted+="$file: $name"$'\n'
  region=$(region_of "$file" "$name")
  [[ $region ]] || fail "$file has no region [readme: $name]"
  diff -u --label README.md --label "$file" <(block_of "$label") <(printf '%s\n' "$region") ||
      status=1
done < <(sed -nE 's/^<!-- ([^ ]+): (.+) -->$/\1 \2/p' README.md)

while IFS=: read -r file _ name; do
  name=${name# }
  name=${name%]}
  [[ $quoted == *$'\n'"$file: $name"$'\n'* ]] || fail "the README does not quote $file: $name"
done < <(grep -rE '^ *(//|#) \[readme: .+\]$' examples tests/install)

[[ $quoted != $'\n' ]] || fail "the README quotes nothing"
exit $status
