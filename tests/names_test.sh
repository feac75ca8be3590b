#!/usr/bin/env bash
# No two source files have the same name, and no two test suites. No using declaration
# is without a use.
#
#   names_test.sh <source directory>
set -euo pipefail

cd "$1"
status=0
complain() { printf '%s:\n%s\n' "$1" "$2" >&2; status=1; }

# A .cc and the header beside it, or its public header, are one.
files=$(find src include tests examples -name '*.h' -o -name '*.cc' | sort)
repeated=$(awk -F/ '
  { folder = $0; sub("/[^/]*$", "", folder); name = $NF }
  name in where { print where[name] "/" name " " $0 }
  { where[name] = folder }
  END {
    for (source in where) {
      header = source
      if (sub("[.]cc$", ".h", header) && header in where && where[header] != where[source] &&
          where[header] !~ "^include/")
        print where[header] "/" header " " where[source] "/" source
    }
  }' <<<"$files")
[[ -z $repeated ]] || complain "Files with one name" "$repeated"

# A suite is in one file, and so in one program.
suites=$(while read -r file; do
  grep -ozP '\bTEST(_[FP])?\(\s*\K\w+' "$file" | tr '\0' '\n' | sort -u || true
done <<<"$files" | sort | uniq -d)
[[ -z $suites ]] || complain "Suites in more than one file" "$suites"
fixtures=$(xargs grep -hoP '\bclass \K\w+(?=( final)? : public .*Test)' <<<"$files" | sort | uniq -d)
[[ -z $fixtures ]] || complain "Fixtures with one name" "$fixtures"

# clang-tidy looks for these in single sources only, and not in what a unity build makes of them.
unused=$(grep '[.]cc$' <<<"$files" | xargs perl -0777 -ne '
  for my $name (/^\s*using (?!namespace)[\w:]+::(\w+);/mg) {
    my $uses = () = /\b\Q$name\E\b/g;
    print "$ARGV: $name\n" if $uses < 2;
  }')
[[ -z $unused ]] || complain "using declarations without a use" "$unused"
exit $status
