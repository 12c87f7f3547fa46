#!/bin/sh
# fetch_sodium.sh [BUILD_FOLDER]: puts the source of Debian's libsodium into BUILD_FOLDER/sodium, for the WASM build.
#
# The source comes by `apt-get source`, from the same archives and under the same keys as this machine's packages, but
# with an apt configuration of its own inside of the build folder: the machine's lists and settings stay as they are,
# and no privileges are needed. Needs dpkg-dev. Does nothing when the source is there already.
set -eu

build=${1:-build}
version=1.0.18
mkdir -p "$build"
build=$(cd "$build" && pwd)
[ -f "$build/sodium/.complete" ] && exit 0

say() { echo "fetch_sodium: $*"; }
command -v dpkg-source >/dev/null || { say "dpkg-source is missing: apt-get install dpkg-dev" >&2; exit 1; }

apt="$build/apt"
rm -rf "$apt"
mkdir -p "$apt/sources.list.d" "$apt/lists/partial" "$apt/cache/archives/partial" "$apt/unpack"

# Each binary archive of this machine becomes a source archive: "deb" is "deb-src" in both formats of apt's lists.
for list in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
  [ -f "$list" ] && sed -n 's/^[[:space:]]*deb\(-src\)\{0,1\}[[:space:]]/deb-src /p' "$list"
done | sort -u >"$apt/sources.list"
for list in /etc/apt/sources.list.d/*.sources; do
  [ -f "$list" ] && sed 's/^\([Tt]ypes:\).*/\1 deb-src/' "$list" >"$apt/sources.list.d/${list##*/}"
done

cat >"$apt/apt.conf" <<EOF
Dir::Etc::sourcelist "$apt/sources.list";
Dir::Etc::sourceparts "$apt/sources.list.d";
Dir::State::lists "$apt/lists";
Dir::Cache "$apt/cache";
Dir::Cache::archives "archives";
Acquire::Languages "none";
Acquire::Retries "3";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
EOF
[ "$(id -u)" = 0 ] && echo 'APT::Sandbox::User "root";' >>"$apt/apt.conf"

say "fetching the source of libsodium $version"
# One archive that does not answer, or that has no sources, must not stop the others.
apt-get -c "$apt/apt.conf" -qq update >"$apt/log" 2>&1 || true
if ! (cd "$apt/unpack" && apt-get -c "$apt/apt.conf" -qq source libsodium >>"$apt/log" 2>&1); then
  cat "$apt/log" >&2
  say "apt-get source libsodium failed; is the archive reachable?" >&2
  exit 1
fi
if [ ! -d "$apt/unpack/libsodium-$version" ]; then
  say "expected libsodium $version, this archive has: $(cd "$apt/unpack" && echo libsodium-*)" >&2
  exit 1
fi
rm -rf "$build/sodium"
mv "$apt/unpack/libsodium-$version" "$build/sodium"
touch "$build/sodium/.complete"
rm -rf "$apt/lists" "$apt/cache" "$apt/unpack"
say "libsodium $version is in $build/sodium"
