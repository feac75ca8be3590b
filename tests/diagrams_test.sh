#!/usr/bin/env bash
# Each diagram in the repository is what its text file says: x.svg is what draw_sequence.py makes of x.txt;
# monitoring/dashboard.svg shows the panels of dashboard.json with what was recorded.
#
#   diagrams_test.sh <source directory>
set -euo pipefail

cd "$1/examples"
count=0
for text in *.txt; do
  [[ $text != CMakeLists.txt ]] || continue
  ./draw_sequence.py "$text" | diff -u --label "examples/${text%.txt}.svg" "${text%.txt}.svg" \
      --label "drawn from examples/$text" - || { echo "draw it anew: see draw_sequence.py" >&2; exit 1; }
  count=$((count + 1))
done
(( count > 0 )) || { echo "there is no diagram" >&2; exit 1; }

cd monitoring
./draw_dashboard.py dashboard.json recorded.txt | cmp - dashboard.svg >&2 ||
    { echo "draw examples/monitoring/dashboard.svg anew: see draw_dashboard.py" >&2; exit 1; }
