#!/usr/bin/env bash
# What the shared library exports, a mangled name on each line, sorted.
#
#   exported_symbols.sh <libzklock.so>
#
# Without those in zklock::internal: only zklock::fake uses them, which is always of the same build.
set -euo pipefail

nm -D --defined-only "$1" | awk '{ print $NF }' | grep -vE '^_Z(T[VIS]|Th[n0-9]+_|Tv[n0-9_]+)?NK?6zklock8internal' |
    LC_ALL=C sort
