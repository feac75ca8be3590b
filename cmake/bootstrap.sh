#!/bin/sh
# Installs the Debian packages that zklock needs, those that are missing and nothing else.
#
#   cmake/bootstrap.sh [group...]
#
#   build    to build the library, its tests and the example programs (the default)
#   server   to run a ZooKeeper server: tests and demo start private ones. The package brings no
#            service of its own: nothing is left running. And to let processes see other clocks.
#   peers    other clients' locks, and what runs them: the tests share paths with them
#   bench    what tests/bench needs besides: bare calls of the C client, Google Benchmark
#   ci       all but the last, and what .ci/run checks the code with
#
# Without root it prints what to run, and fails. It takes no time when nothing is missing.
set -eu

build="g++ cmake ninja-build pkg-config libzookeeper-mt-dev nlohmann-json3-dev
  libhowardhinnant-date-dev libcli11-dev libgtest-dev libgmock-dev libsqlite3-dev"
server="zookeeper default-jre-headless faketime"
peers="libcurator-recipes-java libzookeeper-java openjdk-17-jdk-headless python3-kazoo
  golang-go golang-github-samuel-go-zookeeper-dev"
bench="gcc libzookeeper-st2 libbenchmark-dev"
ci="clang-14 libclang-rt-14-dev clang-format-14 clang-tidy-14"

if [ $# -eq 0 ]; then
  set -- build
fi
wanted=
for group in "$@"; do
  case $group in
    build)  wanted="$wanted $build" ;;
    server) wanted="$wanted $server" ;;
    peers)  wanted="$wanted $peers" ;;
    bench)  wanted="$wanted $bench" ;;
    ci)     wanted="$wanted $build $server $peers $ci" ;;
    *)      echo "bootstrap: unknown group '$group' (build, server, peers, bench, ci)" >&2; exit 2 ;;
  esac
done

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
  # Whoever builds on another system has its packages under other names: the build will tell.
  echo "bootstrap: no Debian packages here; relying on what is installed instead of:" $wanted >&2
  exit 0
fi

# dpkg-query fails when it does not know a package at all, and still lists the others.
installed=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' $wanted 2>/dev/null || true)
missing=
for package in $wanted; do
  case "
$installed
" in
    *"
$package installed
"*) ;;
    *) case " $missing " in
         *" $package "*) ;;
         *) missing="${missing:+$missing }$package" ;;
       esac ;;
  esac
done
if [ -z "$missing" ]; then
  exit 0
fi

if [ "$(id -u)" -ne 0 ]; then
  echo "bootstrap: Debian packages are missing. As root, run:" >&2
  echo "  apt-get update && apt-get install --no-install-recommends $missing" >&2
  exit 1
fi

echo "bootstrap: installing Debian packages: $missing" >&2
export DEBIAN_FRONTEND=noninteractive
# Of two runs at the same time the second waits for the first one's lock. Errors are on stderr.
apt="apt-get -qq -o DPkg::Lock::Timeout=600 -o Dpkg::Use-Pty=0"
$apt update >/dev/null
$apt install --yes --no-install-recommends $missing </dev/null >/dev/null
