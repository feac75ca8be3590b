#!/usr/bin/env bash
# cmake/bootstrap.sh on a Debian of ours: apt-get, dpkg and dpkg-query are played by this script.
#
#   bootstrap_test.sh <source directory>
set -euo pipefail

bootstrap=$1/cmake/bootstrap.sh
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

fail() {
  echo "bootstrap test: $*" >&2
  if [[ -e $scratch/output ]]; then tail -c 2000 "$scratch/output" | sed "s/^/  | /" >&2; fi
  exit 1
}

# --- The Debian ----------------------------------------------------------------------------------

mkdir "$scratch/bin" "$scratch/admin"
cat >"$scratch/bin/id" <<'FAKE'
#!/bin/sh
echo "${FAKE_UID:-0}"
FAKE

# Only what was installed before, and what apt-get has installed since.
cat >"$scratch/bin/dpkg-query" <<'FAKE'
#!/bin/sh
case $3 in
  *Package*) for name in $(cat "$STATE/installed"); do printf '%s=installed ' "$name"; done ;;
  *) cat "$STATE/statuses" ;;
esac
FAKE

cat >"$scratch/bin/dpkg" <<'FAKE'
#!/bin/sh
echo "dpkg $*" >>"$STATE/calls"
echo installed >"$STATE/statuses"
FAKE

# What it does goes by the files in $STATE.
cat >"$scratch/bin/apt-get" <<'FAKE'
#!/usr/bin/env bash
echo "apt-get $*" >>"$STATE/calls"
case " $* " in
  *" update "*)           step=update ;;
  *" --assume-no "*)      step=plan ;;
  *" --download-only "*)  step=download ;;
  *" install "*)          step=install ;;
esac
locked=$(cat "$STATE/$step.locked" 2>/dev/null || echo 0)  # so many times
if (( locked > 0 )); then
  echo $((locked - 1)) >"$STATE/$step.locked"
  echo "E: Could not get lock /var/lib/apt/lists/lock. It is held by process 4711 (apt-get)"
  echo "E: Unable to lock directory /var/lib/apt/lists/"
  exit 100
fi
if [[ -e $STATE/no_network ]]; then
  for file in 1 2 3 4 5 6; do
    echo "Err:$file http://deb.debian.org/debian bookworm InRelease"
    echo "  Temporary failure resolving 'deb.debian.org'"
    echo "W: Failed to fetch http://deb.debian.org/$file  Temporary failure resolving 'deb.debian.org'"
  done
  [[ $step == update ]] && exit 0  # apt-get calls that a warning
  echo "E: Unable to locate package g++"
  exit 100
fi
case $step in
  plan)
    printf '%s\n' "0 upgraded, 12 newly installed, 0 to remove and 3 not upgraded." \
        "Need to get 34.5 MB of archives." \
        "After this operation, 67.8 MB of additional disk space will be used." "Abort."
    exit 1
    ;;
  download)
    echo "dlstatus:1:41.6:Retrieving file 1 of 12 (2s remaining)" >&3
    if [[ -e $STATE/slow_download ]]; then
      touch "$STATE/downloading"
      sleep 60
    fi
    ;;
  install)
    echo "debconf: delaying package configuration, since apt-utils is not installed" >&2
    echo "invoke-rc.d: policy-rc.d denied execution of start." >&2
    echo "pmstatus:g++:25.5:Unpacking g++ (amd64)" >&3
    touch "$STATE/installing"
    while [[ -e $STATE/slow_install ]]; do sleep 0.1; done
    if [[ -e $STATE/broken ]]; then
      echo "E: Unmet dependencies."
      exit 100
    fi
    touch "$STATE/installed_all"
    ;;
esac
FAKE
chmod +x "$scratch"/bin/*
export PATH=$scratch/bin:$PATH DPKG_ADMINDIR=$scratch/admin TMPDIR=$scratch
export ZKLOCK_PROGRESS_SECONDS=1000

# a_debian: a new one, where some packages are missing.
a_debian() {
  STATE=$(mktemp -d -p "$scratch")
  export STATE
  echo "g++ cmake" >"$STATE/installed"
  echo installed >"$STATE/statuses"
  : >"$STATE/calls"
  rm -f "$scratch/output"
}

# bootstraps ARGUMENT...: runs it, its output goes to `output`, its exit status to $status.
bootstraps() {
  status=0
  "$bootstrap" "$@" >"$scratch/output" 2>&1 </dev/null || status=$?
}

says() { grep -qE "$1" "$scratch/output" || fail "${FUNCNAME[1]}: it does not say '$1'"; }
does_not_say() { ! grep -qE "$1" "$scratch/output" || fail "${FUNCNAME[1]}: it says '$1'"; }
ends_with() { [[ $status == "$1" ]] || fail "${FUNCNAME[1]}: exit status $status, not $1"; }
lines() { wc -l <"$scratch/output"; }

# eventually COMMAND...
eventually() {
  local attempts=0
  until "$@"; do
    (( ++attempts < 300 )) || fail "${FUNCNAME[1]}: not in time: $*"
    sleep 0.1
  done
}

# --- The cases -----------------------------------------------------------------------------------

nothing_missing_calls_nothing() {
  a_debian
  echo "gcc zookeeper libzookeeper-st2 libbenchmark-dev" >"$STATE/installed"
  bootstraps bench
  ends_with 0
  [[ $(lines) == 0 && ! -s $STATE/calls ]] || fail "it does something"
}

says_what_and_how_much_and_hides_the_noise() {
  a_debian
  bootstraps build
  ends_with 0
  [[ -e $STATE/installed_all ]] || fail "not installed"
  says '12 packages .*34\.5 MB to download, 67\.8 MB on disk\. .* 1 min'
  says 'libgtest-dev'
  does_not_say '(installing|,) (g\+\+|cmake)[ ,]'
  does_not_say 'debconf|invoke-rc.d'
  [[ $(lines) == 2 ]] || fail "it says $(lines) lines"
}

the_demo_needs_no_test_library() {
  a_debian
  bootstraps demo
  ends_with 0
  says 'libzookeeper-mt-dev.*libzookeeper-java'
  does_not_say 'gtest|gmock|sqlite|date-dev|faketime'
}

names_go_by_the_release() {
  a_debian
  ZKLOCK_DEBIAN_VERSION=12.11 bootstraps peers
  says 'golang-github-samuel-go-zookeeper-dev'
  a_debian
  ZKLOCK_DEBIAN_VERSION=13.1 bootstraps peers
  says 'golang-github-go-zookeeper-zk-dev'
  does_not_say 'samuel'
  a_debian
  ZKLOCK_DEBIAN_VERSION=bookworm/sid bootstraps peers  # of Ubuntu 22.04
  says 'golang-github-samuel-go-zookeeper-dev'
}

waits_for_the_lock_of_the_lists() {
  a_debian
  echo 2 >"$STATE/update.locked"
  echo 1 >"$STATE/install.locked"
  bootstraps
  ends_with 0
  says 'waiting .*/var/lib/apt/lists/lock.*process 4711 \(apt-get\)'
  [[ $(grep -c waiting "$scratch/output") == 2 ]] || fail "not one line for each wait"
  [[ -e $STATE/installed_all ]] || fail "not installed"
}

does_not_wait_for_ever() {
  a_debian
  echo 1000 >"$STATE/update.locked"
  ZKLOCK_APT_PATIENCE=1 bootstraps
  ends_with 1
  says 'gave up after 1 s: .*process 4711'
}

no_network_is_one_sentence() {
  a_debian
  touch "$STATE/no_network"
  bootstraps
  ends_with 1
  says "no package server can be reached \(Temporary failure resolving 'deb.debian.org'\)"
  [[ $(lines) == 1 ]] || fail "it says $(lines) lines"
}

another_failure_is_explained_by_apt() {
  a_debian
  touch "$STATE/broken"
  bootstraps
  ends_with 1
  says '^E: Unmet dependencies'
}

what_was_interrupted_is_repaired() {
  a_debian
  printf 'installed\nhalf-configured\n' >"$STATE/statuses"
  bootstraps
  ends_with 0
  grep -q '^dpkg .*--configure -a' "$STATE/calls" || fail "dpkg is not asked to go on"
  says 'an earlier installation was interrupted'
}

without_root_it_says_what_to_run() {
  a_debian
  FAKE_UID=1000 bootstraps
  ends_with 1
  says 'apt-get install .*libgtest-dev'
  [[ ! -s $STATE/calls ]] || fail "it runs apt-get"
}

# starts_in_a_terminal: where ^C is a key. (What this script starts in the background ignores SIGINT
# otherwise.)
starts_in_a_terminal() {
  mkfifo "$STATE/keys"
  script -qec "env --default-signal=INT $bootstrap" /dev/null <"$STATE/keys" >"$scratch/output" 2>&1 &
  terminal=$!
  exec {keys}>"$STATE/keys"
}
press_ctrl_c() { printf '\003' >&"$keys"; }
wait_for_terminal() {
  status=0
  wait "$terminal" || status=$?
  exec {keys}>&-
}

progress_is_shown_in_a_terminal() {
  a_debian
  touch "$STATE/slow_install"
  starts_in_a_terminal
  eventually grep -q 'installing: 25%  Unpacking g++' "$scratch/output"
  rm "$STATE/slow_install"
  wait_for_terminal
  ends_with 0
}

ctrl_c_lets_dpkg_finish() {
  a_debian
  touch "$STATE/slow_install"
  starts_in_a_terminal
  eventually test -e "$STATE/installing"
  press_ctrl_c
  eventually grep -q 'dpkg must not stop half way' "$scratch/output"
  rm "$STATE/slow_install"
  wait_for_terminal
  ends_with 130
  [[ -e $STATE/installed_all ]] || fail "apt-get did not finish"
}

ctrl_c_ends_a_download_at_once() {
  a_debian
  touch "$STATE/slow_download"
  starts_in_a_terminal
  eventually test -e "$STATE/downloading"
  local before=$SECONDS
  press_ctrl_c
  wait_for_terminal
  ends_with 130
  (( SECONDS - before < 20 )) || fail "it took $((SECONDS - before)) s"
  [[ ! -e $STATE/installing ]] || fail "it goes on to install"
}

nothing_missing_calls_nothing
says_what_and_how_much_and_hides_the_noise
the_demo_needs_no_test_library
names_go_by_the_release
waits_for_the_lock_of_the_lists
does_not_wait_for_ever
no_network_is_one_sentence
another_failure_is_explained_by_apt
what_was_interrupted_is_repaired
without_root_it_says_what_to_run
progress_is_shown_in_a_terminal
ctrl_c_lets_dpkg_finish
ctrl_c_ends_a_download_at_once
