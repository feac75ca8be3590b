#!/usr/bin/env bash
# The README's first example in C++ is examples/quickstart.cc, which is built and run by other tests.
#
#   readme_test.sh <source directory>
set -euo pipefail

# From the marker [readme] to [readme-end].
quickstart=$(sed -n '/^\/\/ \[readme\]$/,/^\/\/ \[readme-end\]$/{//!p}' "$1/examples/quickstart.cc")
# The first block that begins with ```cpp.
# shellcheck disable=SC2016  # nothing is to be expanded here
readme=$(sed -n '/^```cpp$/,/^```$/{//!p; /^```$/q}' "$1/README.md")

if [[ ! $quickstart ]]; then
  echo "examples/quickstart.cc has no region from // [readme] to // [readme-end]"
  exit 1
fi
diff -u --label README.md --label examples/quickstart.cc \
  <(printf '%s\n' "$readme") <(printf '%s\n' "$quickstart")
