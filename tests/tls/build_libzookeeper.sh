#!/usr/bin/env bash
# Builds the libzookeeper_mt that this Debian has, with OpenSSL and Cyrus SASL, from Debian's source
# package. Installs nothing.
#
#   tests/tls/build_libzookeeper.sh DIRECTORY
#
# Prints where it is: DIRECTORY/<version>, with lib/libzookeeper_mt.so.2, which programs that were
# built with Debian's use in its place (LD_LIBRARY_PATH), and include/zookeeper. What was built before
# is not built again. Needs what `cmake/bootstrap.sh tls` installs. The system's lists of packages are
# not changed.
set -euo pipefail

fail() {
  echo "build_libzookeeper.sh: $*" >&2
  exit 1
}

[[ ${1-} && $1 != -* ]] || { sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"; exit 2; }
mkdir -p "$1"
directory=$(cd "$1" && pwd)

# The source of the package that is installed: programs are built with its headers.
# shellcheck disable=SC2016  # a variable of dpkg's
version=$(dpkg-query -W -f '${source:Version}' libzookeeper-mt-dev 2>/dev/null) ||
    fail "this needs Debian's libzookeeper-mt-dev: run cmake/bootstrap.sh tls"
result=$directory/$version
if [[ -e $result/lib/libzookeeper_mt.so.2 ]]; then
  echo "$result"
  exit 0
fi

work=$(mktemp -d "$directory/work.XXXXXX")
trap 'rm -rf "$work"' EXIT
log=$work/log

# run WHAT COMMAND...: its output is shown only if it fails.
run() {
  echo "$1" >&2
  "${@:2}" >"$log" 2>&1 || { tail -n 30 "$log" >&2; fail "$1: that failed"; }
}

# --- Fetching it ---------------------------------------------------------------------------------

# From the servers that this system has its packages from.
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
signed=
if [[ -e $keyring ]]; then signed="[signed-by=$keyring] "; fi
# shellcheck disable=SC2016  # variables of apt's
apt-get indextargets --format "deb-src $signed"'$(REPO_URI) $(RELEASE) $(COMPONENT)' \
    'Created-By: Packages' 'Origin: Debian' | sort -u >"$work/sources.list"
[[ -s $work/sources.list ]] || fail "apt knows no server of Debian's: run apt-get update"
mkdir -p "$work/lists/partial" "$work/cache/archives/partial"
apt=(apt-get -q -o "Dir::Etc::SourceList=$work/sources.list" -o Dir::Etc::SourceParts=/dev/null
     -o "Dir::State::Lists=$work/lists" -o "Dir::Cache=$work/cache" -o APT::Sandbox::User=root)
cd "$work"
run "reading the lists of source packages" "${apt[@]}" update
run "fetching the source package zookeeper $version" \
    "${apt[@]}" --download-only --only-source source "zookeeper=$version"
run "unpacking it" dpkg-source --no-check -x zookeeper_*.dsc source  # apt has checked it

# --- Building it ---------------------------------------------------------------------------------

# ZooKeeper's own build makes this with a Java compiler and Ant.
client=source/zookeeper-client/zookeeper-client-c
mkdir -p "$client/generated"
run "generating the code for its packets" env -C "$client/generated" \
    java -cp /usr/share/java/zookeeper-jute.jar org.apache.jute.compiler.generated.Rcc \
    -l c "$work/source/zookeeper-jute/src/main/resources/zookeeper.jute"

# Version 3.8 calls a function that OpenSSL 3 no longer has, for a line of its log.
run "configuring it" cmake -S "$client" -B build -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo \
    -DWANT_CPPUNIT=OFF -DWITH_OPENSSL=ON -DWITH_CYRUS_SASL=ON \
    -DCMAKE_C_FLAGS='-w -DFIPS_mode\(\)=0'
run "building it" cmake --build build --target zookeeper

# Its CMake files make static libraries only.
mkdir -p made/lib made/include/zookeeper
run "linking it" gcc -shared -o made/lib/libzookeeper_mt.so.2 -Wl,-soname,libzookeeper_mt.so.2 \
    -Wl,-z,defs -Wl,--whole-archive build/libzookeeper.a build/libhashtable.a \
    -Wl,--no-whole-archive -lssl -lcrypto -lsasl2 -lm -pthread
ln -s libzookeeper_mt.so.2 made/lib/libzookeeper_mt.so
cp "$client"/include/*.h "$client"/generated/*.h made/include/zookeeper
for function in zookeeper_init_ssl zookeeper_init_sasl; do
  nm -D --defined-only made/lib/libzookeeper_mt.so.2 | grep -q " $function\$" ||
      fail "what was built has no $function; see what configuring said about OpenSSL and SASL"
done
rm -rf "$result"
mv made "$result"
echo "$result"
