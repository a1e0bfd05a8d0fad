#!/bin/sh
# Makes bench/peers/.venv-node-llama-cpp with llama.cpp 0.5.0 as node-llama-cpp brings it, built
# for CPUs: nothing is compiled here, and its builds for GPUs (700 MB) are left out. Safe to run again. For speed see setup-llama-cpp.sh: this
# package spends most of its time on JavaScript for each token.
# Usage: bench/peers/setup-node-llama-cpp.sh
set -eu
cd "$(dirname "$0")"
folder=.venv-node-llama-cpp
version=3.22.1

if [ -f "$folder/installed.txt" ] && [ "$(cat "$folder/installed.txt")" = "$version" ]; then
  echo "peers: $folder is up to date"
  exit 0
fi
mkdir -p "$folder"
echo '{ "private": true, "type": "module" }' > "$folder/package.json"
platform=$(node -p '`${process.platform}-${process.arch}`')
npm install --prefix "$folder" --ignore-scripts --no-audit --no-fund --omit=optional \
  "node-llama-cpp@$version" "@node-llama-cpp/$platform@$version"
# Written last: an interrupted installation is done again.
echo "$version" > "$folder/installed.txt"
echo "peers: installed into $(pwd)/$folder"
