#!/usr/bin/env bash
# Shows processes that contend for a lock on a real ZooKeeper server.
#
#   examples/demo.sh                  plays a session of three processes
#   examples/demo.sh --serve [port]   keeps a server at localhost:2181, to try it by hand
#
# From nothing: packages that are missing are installed, and zookeeper-example is built. Where
# tests/run.sh has built already, in build/ (ZKLOCK_BUILD_DIR overrides), its program is used;
# otherwise the program alone is built, in build/demo/. The server is a private one, with its data in
# a temporary directory. It is gone afterwards, also after Ctrl-C.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=${ZKLOCK_BUILD_DIR:-$root/build}
if [[ ! -e $build/CMakeCache.txt ]]; then
  build+=/demo
fi
example=$build/examples/zookeeper-example

# shellcheck source=cmake/progress.sh
source "$root/cmake/progress.sh"

temporary=        # directory of the server's data and of the pipes, once it exists
declare -A pids   # of the processes that we have started, by name
declare -A pipes  # numbers of the file descriptors from which their output is read

# --- Processes -----------------------------------------------------------------------------------

# start NAME COMMAND...: in the background. It ends with this script, in whatever way that ends.
start() {
  local name=$1 pipe
  shift
  mkfifo "$temporary/$name.pipe"
  setpriv --pdeathsig KILL -- "$@" >"$temporary/$name.pipe" 2>&1 &
  pids[$name]=$!
  exec {pipe}<"$temporary/$name.pipe"
  pipes[$name]=$pipe
  rm "$temporary/$name.pipe"
}

# end NAME: at once, and silently.
end() {
  kill -KILL "${pids[$1]}" 2>/dev/null || true
  wait "${pids[$1]}" 2>/dev/null || true
  unset "pids[$1]"
}

clean_up() {
  trap '' INT TERM HUP
  local name
  for name in "${!pids[@]}"; do end "$name"; done
  if [[ $temporary ]]; then rm -rf "$temporary"; fi
}

fail() {
  echo "demo: $*" >&2
  exit 1
}

# quietly COMMAND...: shows its output only if it fails.
quietly() {
  "$@" >"$temporary/output" 2>&1 || {
    cat "$temporary/output" >&2
    fail "failed: $*"
  }
}

# build_example: what the demo runs, and nothing else. A build directory of the demo's own is the
# cheapest one: no tests, no optimising, no debug information. Others keep their settings.
build_example() {
  local line began=$SECONDS
  if [[ ! -e $build/CMakeCache.txt ]]; then
    quietly cmake -S "$root" -B "$build" -G Ninja -DZKLOCK_BUILD_TESTS=OFF \
        -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS_DEBUG=
  fi
  : >"$temporary/output"
  cmake --build "$build" --target zookeeper-example 2>&1 | {
    while IFS= read -r line; do
      printf '%s\n' "$line" >>"$temporary/output"
      # The build tool writes a line for each file: "[12/64] Building ...".
      if [[ $line =~ ^\[([0-9]+)/([0-9]+)\] ]]; then
        show_progress "demo: ${BASH_REMATCH[1]} of ${BASH_REMATCH[2]} files are built"
      fi
    done
    end_progress
  } || {
    cat "$temporary/output" >&2
    fail "zookeeper-example cannot be built"
  }
  if (( SECONDS - began > 5 )); then echo "Built in $((SECONDS - began)) s."; fi
}

# --- The server ----------------------------------------------------------------------------------

# serves PORT: whether a ZooKeeper server there is ready. "srvr" asks for its state. (Servers that
# are just starting sometimes do not answer.)
serves() (
  exec 3<>"/dev/tcp/127.0.0.1/$1" && printf srvr >&3 && read -r -t 1 answer <&3 &&
    [[ $answer == "Zookeeper version"* ]]
) 2>/dev/null

# start_server PORT: returns once it serves; 1 if the port is taken.
start_server() {
  local port=$1 line
  if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then return 1; fi  # another server is there
  cat >"$temporary/zoo.cfg" <<CONFIGURATION
dataDir=$temporary/data
clientPort=$port
clientPortAddress=127.0.0.1
admin.enableServer=false
4lw.commands.whitelist=srvr
CONFIGURATION
  # Options for a short life with little memory; slf4j-simple writes the log to standard error.
  start server java -Xmx128m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:-UsePerfData \
    -cp /usr/share/java/zookeeper.jar:/usr/share/java/slf4j-simple.jar \
    org.apache.zookeeper.server.quorum.QuorumPeerMain "$temporary/zoo.cfg"

  # It logs its last line of the start when it serves: so ask with every line.
  : >"$temporary/server.log"
  while read -r -t 30 line <&"${pipes[server]}"; do
    echo "$line" >>"$temporary/server.log"
    if [[ $line == *"Address already in use"* ]]; then
      end server
      return 1
    fi
    if serves "$port"; then
      cat <&"${pipes[server]}" >>"$temporary/server.log" &  # a full pipe would stop it
      pids[server-log]=$!
      return 0
    fi
  done
  cat "$temporary/server.log" >&2
  fail "the ZooKeeper server does not start"
}

# --- The session ---------------------------------------------------------------------------------

say() { printf '\n==> %s\n' "$*"; }

show() { printf '%-6s | %s\n' "$1" "$2"; }

# contend NAME FLAG...: starts a zookeeper-example whose owner is NAME.
contend() {
  local name=$1
  shift
  show "$name" "\$ zookeeper-example --address $address --owner $name${*:+ $*}"
  start "$name" "$example" --address "$address" --owner "$name" "$@"
}

# show_until NAME TEXT: shows its output, up to the line that contains TEXT.
show_until() {
  local line
  while read -r -t 60 line <&"${pipes[$1]}"; do
    show "$1" "$line"
    if [[ $line == *"$2"* ]]; then return; fi
  done
  fail "$1 does not say: $2"
}

# show_end NAME: shows the rest of its output, and its exit status.
show_end() {
  local line status=0
  while read -r -t 60 line <&"${pipes[$1]}"; do show "$1" "$line"; done
  wait "${pids[$1]}" || status=$?
  unset "pids[$1]"
  show "$1" "(exit status $status)"
}

# queue: the claims in ZooKeeper.
queue() { "$example" --address "$address" --list; }

show_queue() {
  local line
  queue | while read -r line; do show queue "$line"; done
}

interrupt() {
  show "$1" "^C"
  kill -INT "${pids[$1]}"
}

play() {
  say "A first process asks for the lock, and gets it."
  contend first
  show_until first "claim"

  say "A second one waits for 3 seconds, and gives up."
  contend second --timeout 3s
  show_end second

  say "A third one waits longer. The queue in ZooKeeper:"
  contend third --timeout 1m
  show_until third "waiting for"
  show_queue

  say "The first one is interrupted: it releases the lock, and the third one gets it."
  interrupt first
  show_end first
  show_until third "claim"

  say "The third one is interrupted too."
  interrupt third
  show_end third
  show_queue
}

serve() {
  cat <<TEXT

There is a ZooKeeper server at $address now. In two other terminals, run

  $example$at --owner user1 --lock-ttl 0 --timeout 1h
  $example$at --owner user2 --lock-ttl 0 --timeout 1h

The first one gets the lock, the second one says for whom it waits, up to an hour. Press Ctrl-C in
the first one: the second one gets the lock. The queue, at any time:

  $example$at --list

"--lock-ttl 0" lets them hold the lock until Ctrl-C: otherwise a waiting process takes it over after
30 seconds. Ctrl-C here stops the server.
TEXT
  wait "${pids[server]}" || true
  fail "the ZooKeeper server has ended"
}

# --- The command line ----------------------------------------------------------------------------

usage() { sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"; }

# refuse MESSAGE: of the arguments.
refuse() {
  printf 'demo: %s\n\n' "$*" >&2
  usage >&2
  exit 2
}

port=${2-2181}
case ${1-} in
  "" | --serve) ;;
  --help | -h)
    usage
    exit 0
    ;;
  *) refuse "unknown argument '$1'" ;;
esac
(( $# <= 2 )) || refuse "unknown argument '$3'"
# At most five digits: what is longer could be too much for arithmetic.
if [[ ! $port =~ ^[0-9]{1,5}$ ]] || (( 10#$port < 1 || 10#$port > 65535 )); then
  refuse "'$port' is no port: ports are numbers from 1 to 65535"
fi
port=$((10#$port))

"$root/cmake/bootstrap.sh" demo

trap clean_up EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
temporary=$(mktemp -d)

if [[ -e $example ]]; then
  say "Building zookeeper-example, as far as it has changed."
else
  say "Building zookeeper-example: some 60 files, a minute or so if two processors are free."
fi
build_example

say "Starting a private ZooKeeper server."
if [[ ${1-} == --serve ]]; then
  start_server "$port" || fail "port $port is taken. Another one: $0 --serve <port>"
  address=localhost:$port
  at=
  if [[ $port != 2181 ]]; then at=" --address $address"; fi
  serve
else
  # Ports outside of those that the system gives out, so that they are rarely taken.
  until start_server "$((port = 20000 + RANDOM % 10000))"; do :; done
  address=127.0.0.1:$port
  play
fi
