# shellcheck shell=bash
# A fresh Debian in a folder, for the scripts that source this file. They run twice:
#
#   if in_namespaces; then ... "$folder" is there, for what they make
#   else run_in_namespaces "$@"   runs the script again, with the same arguments
#   fi
#
# What runs in a Debian shares the network with this system, and takes packages from the same servers.
# All processes and mounts of the script end with it, and the folder is removed, also after Ctrl-C.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

fail() {
  echo "$(basename "$(dirname "$0")"): $*" >&2
  exit 1
}

# The exit status of these scripts when what would run in the Debian is not to blame: a container may
# not be allowed to make one, for example.
readonly kNoDebianHere=69
cannot_make() {
  echo "$(basename "$(dirname "$0")"): no Debian can be made here: $*" >&2
  exit "$kNoDebianHere"
}

# suite_of RELEASE: the name that Debian's servers have for it.
suite_of() {
  case $1 in
    12) echo bookworm ;;
    13) echo trixie ;;
    *) fail "which Debian: 12 or 13?" ;;
  esac
}

# --- In the namespaces of this run ---------------------------------------------------------------

folder=${ZKLOCK_DISTROS_FOLDER-}

in_namespaces() { [[ $folder ]]; }

# Where debootstrap looks for packages: at the server from which this system has its own, if it is a
# Debian. Otherwise debootstrap knows one.
mirror() {
  # shellcheck disable=SC2016  # apt's variable
  apt-get indextargets --format '$(REPO_URI)' 'Label: Debian' 2>/dev/null | head -n 1 || true
}

# How this system's apt reaches it: proxies, and what it does not check there.
apt_settings() {
  apt-config dump --format '%F "%v";%n' 2>/dev/null |
      grep -E '^Acquire::(https?::|Check-Valid-Until |Check-Date )' || true
}

# make_debian SUITE DIRECTORY
make_debian() {
  local proxy=
  eval "$(apt-config shell proxy Acquire::http::Proxy 2>/dev/null || true)"
  if [[ $proxy && $proxy != DIRECT ]]; then export http_proxy=$proxy; fi
  # shellcheck disable=SC2046  # without a mirror there is no argument
  debootstrap --variant=minbase "$1" "$2" $(mirror) >"$folder/debootstrap.log" 2>&1 || {
    tail -n 20 "$folder/debootstrap.log" >&2
    cannot_make "debootstrap failed"
  }
  apt_settings >"$2/etc/apt/apt.conf.d/90host"
  echo force-unsafe-io >"$2/etc/dpkg/dpkg.cfg.d/90fast"  # no disk needs to have it all in the end
  cp /etc/hosts /etc/resolv.conf "$2/etc"
  touch "$folder/has_debian"
}

# copy_sources DIRECTORY: this project, without its builds, to /zklock of that Debian.
copy_sources() {
  mkdir "$1/zklock"
  # The folder of this run may be in there, too: see $TMPDIR.
  tar -C "$root" --exclude='./build*' --exclude=./.git --exclude="${folder##*/}" -cf - . | tar -C "$1/zklock" -xf -
}

# exec_in_debian DIRECTORY COMMAND...: becomes that command.
exec_in_debian() {
  local debian=$1
  shift
  mount --rbind /dev "$debian/dev"
  mountpoint -q "$debian/proc" || mount -t proc proc "$debian/proc"
  # What bash starts in the background ignores SIGINT and SIGQUIT.
  exec chroot "$debian" /usr/bin/env -i --default-signal=INT,QUIT \
      HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 \
      ${http_proxy:+"http_proxy=$http_proxy"} ${https_proxy:+"https_proxy=$https_proxy"} \
      ${no_proxy:+"no_proxy=$no_proxy"} "$@"
}

# --- Around them ---------------------------------------------------------------------------------

namespace=  # the process that waits for those in the namespaces

# The first process of a namespace takes all others with it, and its mounts.
clean_up() {
  local first
  trap '' INT TERM HUP
  if [[ $namespace ]]; then
    read -r first <"/proc/$namespace/task/$namespace/children" || true
    kill -KILL "${first:-$namespace}" 2>/dev/null || true
    wait "$namespace" 2>/dev/null || true
  fi
  rm -rf --one-file-system "$folder"
}

# run_in_namespaces ARGUMENT...: this script again, until it ends; its exit status is ours.
run_in_namespaces() {
  local signal status=0
  (( $(id -u) == 0 )) || cannot_make "that takes root"
  unshare --mount --pid --fork --mount-proc -- true || cannot_make "it needs namespaces of its own"
  "$root/cmake/bootstrap.sh" distros || cannot_make "without debootstrap"
  folder=$(mktemp -d -p "${TMPDIR:-/var/tmp}" "debian.XXXXXX")
  trap clean_up EXIT
  for signal in INT TERM HUP; do
    # shellcheck disable=SC2064  # this signal
    trap "clean_up; trap - EXIT $signal; kill -$signal \$\$" "$signal"
  done

  ZKLOCK_DISTROS_FOLDER=$folder setpriv --pdeathsig KILL -- \
      unshare --mount --pid --fork --kill-child --mount-proc -- "$0" "$@" &
  namespace=$!
  wait "$namespace" || status=$?
  namespace=
  if (( status == kNoDebianHere )) && [[ -e $folder/has_debian ]]; then status=1; fi
  exit "$status"
}
