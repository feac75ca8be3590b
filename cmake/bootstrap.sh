#!/usr/bin/env bash
# Installs the Debian packages that zklock needs, those that are missing and nothing else.
#
#   cmake/bootstrap.sh [group...]
#
#   build    to build the library, its tests and the example programs (the default)
#   server   to run a ZooKeeper server: the tests start private ones, nothing is left running. And
#            to let processes see other clocks.
#   models   to check the models of the protocol: tests/model
#   demo     what examples/demo.sh builds and runs: the example program and a server
#   peers    other clients' locks, and what runs them: the tests share paths with them
#   bench    what tests/bench needs besides: bare calls of the C client, Google Benchmark
#   distros  to make another Debian in a folder: tests/distros/run
#   tls      to build a libzookeeper_mt that has TLS and SASL, and to use them: tests/tls
#   deb      to make Debian packages, and to check them: tests/packages/build.sh
#   ci       build, server, models and peers, and what .ci/run checks the code with
#
# Without root it prints what to run, and fails. It takes no time when nothing is missing. While
# another process uses apt, it waits, for ten minutes at most. Ctrl-C ends it at once, except while
# packages are being installed: dpkg then finishes first.
set -euo pipefail

# The names that differ. Ubuntu says of which Debian it was made, such as "trixie/sid".
case ${ZKLOCK_DEBIAN_VERSION:-$(cat /etc/debian_version 2>/dev/null || true)} in
  12* | bookworm*) go_zookeeper=golang-github-samuel-go-zookeeper-dev clang=14 ;;
  *) go_zookeeper=golang-github-go-zookeeper-zk-dev clang=19 ;;
esac

build="g++ cmake ninja-build pkg-config libzookeeper-mt-dev nlohmann-json3-dev
  libhowardhinnant-date-dev libcli11-dev libgtest-dev libgmock-dev libsqlite3-dev
  prometheus-cpp-dev"
# Not the package zookeeper: it adds scripts, and a JRE with all of a desktop's libraries.
zookeeper="libzookeeper-java libslf4j-java default-jre-headless"
server="$zookeeper libfaketime"
models="spin gcc"
# shellcheck disable=SC2034  # used by its name
demo="g++ cmake ninja-build libzookeeper-mt-dev nlohmann-json3-dev libcli11-dev $zookeeper"
peers="libcurator-recipes-java libzookeeper-java default-jdk-headless python3-kazoo
  golang-go $go_zookeeper"
# shellcheck disable=SC2034
bench="gcc zookeeper libzookeeper-st2 libbenchmark-dev"
# shellcheck disable=SC2034
distros="debootstrap debian-archive-keyring"
# shellcheck disable=SC2034
tls="g++ cmake ninja-build dpkg-dev libzookeeper-mt-dev libssl-dev libsasl2-dev
  libsasl2-modules openssl $zookeeper"
# shellcheck disable=SC2034
deb="g++ cmake ninja-build libzookeeper-mt-dev nlohmann-json3-dev libcli11-dev dpkg-dev file lintian"
ci="clang-$clang libclang-rt-$clang-dev clang-format-$clang clang-tidy-$clang doxygen"

patience=${ZKLOCK_APT_PATIENCE:-600}  # seconds to wait for others that use apt

# shellcheck source=cmake/progress.sh
source "$(dirname "${BASH_SOURCE[0]}")/progress.sh"

say() {
  end_progress
  printf 'bootstrap: %s\n' "$*" >&2
}

fail() {
  say "$*"
  exit 1
}

# --- What is missing -----------------------------------------------------------------------------

wanted=()
for group in "${@:-build}"; do
  case $group in
    build|server|models|demo|peers|bench|distros|tls|deb) packages=${!group} ;;
    ci) packages="$build $server $models $peers $ci" ;;
    -h|--help)
      sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"
      exit 0
      ;;
    *)
      say "unknown group '$group' (build, server, models, demo, peers, bench, distros, tls, deb, ci)"
      exit 2
      ;;
  esac
  read -r -d '' -a packages <<<"$packages" || true
  wanted+=("${packages[@]}")
done

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
  # The build fails if one is missing.
  say "no Debian packages here; relying on what is installed instead of: ${wanted[*]}." \
      "README.md, \"Install and link\", has the names that are known of other systems."
  exit 0
fi

# dpkg-query fails when it does not know a package at all, and still lists the others.
installed=" $(dpkg-query -W -f '${Package}=${db:Status-Status} ' "${wanted[@]}" 2>/dev/null || true)"
missing=()
for package in "${wanted[@]}"; do
  if [[ $installed != *" $package=installed "* && " ${missing[*]-} " != *" $package "* ]]; then
    missing+=("$package")
  fi
done
if (( ${#missing[@]} == 0 )); then
  exit 0
fi

if (( $(id -u) != 0 )); then
  say "Debian packages are missing. As root, run:"
  echo "  apt-get update && apt-get install --no-install-recommends ${missing[*]}" >&2
  exit 1
fi

# --- Running apt ---------------------------------------------------------------------------------

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
apt=            # the process id of apt-get or dpkg, while it runs
may_not_stop=   # set while it changes what is installed
interrupted=    # by which signal

# die_of SIGNAL: as the caller's shell expects it of a program that was interrupted.
die_of() {
  end_progress
  rm -rf "$work"
  trap - EXIT "$1"
  kill "-$1" $$
  exit 1
}

on_signal() {
  if [[ $apt && $may_not_stop && ! $interrupted ]]; then
    interrupted=$1
    say "dpkg must not stop half way: waiting until it is done. Once more leaves it to itself."
    return 0  # without a number it would be that of what the signal ended
  fi
  if [[ $apt && ! $may_not_stop ]]; then
    kill -TERM -- "-$apt" 2>/dev/null || true  # with the processes that fetch for it
  fi
  die_of "$1"
}
trap 'on_signal INT' INT
trap 'on_signal TERM' TERM
trap 'on_signal HUP' HUP

# pause SECONDS: until then nothing comes from a pipe into which nobody writes. Not `sleep`: bash 5.2
# can hang if a signal arrives just when it starts a command.
mkfifo "$work/silence"
exec {silence}<>"$work/silence"
pause() { read -r -t "$1" -u "$silence" || true; }

# run LOG WHAT COMMAND...: in a session of its own, so that a signal from the terminal reaches this
# script only. WHAT it does is shown with the progress that apt writes to descriptor 3. All of its
# output goes to LOG: debconf and the packages' own scripts say much that nobody needs to know.
run() {
  local log=$work/$1 what=$2 text=$2 kind percent detail status=0 progress
  shift 2
  : >"$work/progress"
  DEBIAN_FRONTEND=noninteractive LC_ALL=C \
      setsid "$@" </dev/null >"$log" 2>&1 3>"$work/progress" &
  apt=$!
  # A file, looked at from time to time: a pipe might be kept open by what a package starts.
  exec {progress}<"$work/progress"
  while kill -0 "$apt" 2>/dev/null; do
    while IFS=: read -r kind _ percent detail <&"$progress"; do
      case $kind in
        dlstatus|pmstatus) text="$what: ${percent%.*}%  $detail" ;;
      esac
    done
    show_progress "bootstrap: $text"
    pause 0.2
  done
  exec {progress}<&-
  wait "$apt" || status=$?
  apt=
  if [[ $interrupted ]]; then die_of "$interrupted"; fi
  return "$status"
}

# run_alone LOG WHAT COMMAND...: the same, again and again while another process holds one of apt's
# locks. (apt itself waits for some of them only, and does not say for whom.)
run_alone() {
  local log=$work/$1 holder said='' deadline=$((SECONDS + patience))
  until run "$@"; do
    holder=$(sed -nE 's/^(E: |dpkg: error: )(.*(get lock|lock was locked by).*)$/\2/p' "$log" |
             head -n 1)
    [[ $holder ]] || return 1
    if (( SECONDS >= deadline )); then fail "gave up after $patience s: $holder"; fi
    if [[ $holder != "$said" ]]; then say "waiting for another process: $holder"; fi
    said=$holder
    pause 1
  done
}

# explain LOG...: why it failed, from what apt wrote; no network is one sentence, not one for each
# file that could not be fetched.
explain() {
  local logs=("${@/#/$work/}") unreachable
  unreachable=$(grep -hoE "(Temporary failure resolving|Could not resolve|Could not connect to|Unable to \
connect to|Cannot initiate the connection to|Connection failed|Connection timed out|Network is \
unreachable)[^(]*" "${logs[@]}" 2>/dev/null | head -n 1 | sed 's/[ :.]*$//') || true
  if [[ $unreachable ]]; then
    fail "no package server can be reached ($unreachable). Is there a network? Does apt need a proxy?"
  fi
  end_progress
  { grep -hE '^(E:|dpkg: error)' "${logs[@]}" || tail -n 5 "${logs[@]}"; } 2>/dev/null |
      sort -u | head -n 10 >&2 || true
  fail "the packages cannot be installed: ${missing[*]}"
}

options=(-q --no-install-recommends -o APT::Status-Fd=3 -o Dpkg::Use-Pty=0)

# --- Installing ----------------------------------------------------------------------------------

# What a power cut, or a kill, has left half installed stops apt, whatever it is asked for.
if [[ $(ls -A "${DPKG_ADMINDIR:-/var/lib/dpkg}/updates" 2>/dev/null) ]] ||
    dpkg-query -W -f '${db:Status-Status}\n' 2>/dev/null | grep -qE '^(unpacked|half-|triggers-)'; then
  say "an earlier installation was interrupted: finishing it first."
  may_not_stop=yes
  run_alone repair.log "dpkg --configure -a" dpkg --force-confold --configure -a || true
  may_not_stop=
  options+=(--fix-broken --no-remove)
fi

# A source that does not answer does no harm if the packages come from another one.
run_alone update.log "reading the lists of packages" apt-get "${options[@]}" update || true

# --assume-no: what would be done, and how much it is. It fails in any case.
LC_ALL=C apt-get "${options[@]}" --assume-no -o Debug::NoLocking=1 \
    install "${missing[@]}" </dev/null >"$work/plan.log" 2>&1 3>/dev/null || true
# plan EXPRESSION: what it matches in the plan.
plan() { sed -nE "s/$1/\1/p" "$work/plan.log" | head -n 1; }
count=$(plan '.* ([0-9]+) newly installed.*')
download=$(plan '^Need to get ([0-9.,]+ [kMG]?B).*')
disk=$(plan '^After this operation, ([0-9.,]+ [kMG]?B) of additional.*')
if [[ ! $count ]]; then explain update.log plan.log; fi
# Two busy processors install about one package a second, a fast network's time included.
minutes=$(((count + 59) / 60))
say "installing ${missing[*]}: $count packages with those that they need," \
    "${download:-0 B} to download, ${disk:-0 B} on disk. This takes about $minutes min."
began=$SECONDS

run_alone download.log "downloading" apt-get "${options[@]}" --yes --download-only install "${missing[@]}" ||
    explain update.log download.log
may_not_stop=yes
run_alone install.log "installing" apt-get "${options[@]}" --yes install "${missing[@]}" ||
    explain install.log
say "installed in $((SECONDS - began)) s."
