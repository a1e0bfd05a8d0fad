#!/bin/sh
# Makes bench/peers/.venv-llama-cpp with llama.cpp as its Python package has it, built here from the
# sdist for this machine's CPU, and with the package `gguf` that reads its files. The build takes 5
# minutes on two free cores. Safe to run again. It needs a C++ compiler, CMake and Python's headers.
# Usage: bench/peers/setup-llama-cpp.sh [python]     (python: the interpreter to use, python3 by default)
set -eu
cd "$(dirname "$0")"
python=${1:-python3}
folder=.venv-llama-cpp
pinned=requirements-llama-cpp.txt

if [ -f "$folder/installed.txt" ] && cmp -s "$pinned" "$folder/installed.txt"; then
  echo "peers: $folder is up to date"
  exit 0
fi
for tool in "$python" c++; do
  command -v "$tool" >/dev/null 2>&1 || { echo "peers: no $tool found" >&2; exit 2; }
done
[ -x "$folder/bin/python" ] || "$python" -m venv "$folder"
CMAKE_BUILD_PARALLEL_LEVEL=${CMAKE_BUILD_PARALLEL_LEVEL:-$(getconf _NPROCESSORS_ONLN)}
CMAKE_ARGS="-DGGML_NATIVE=ON -DLLAVA_BUILD=OFF ${CMAKE_ARGS:-}"
export CMAKE_BUILD_PARALLEL_LEVEL CMAKE_ARGS
"$folder/bin/python" -m pip install --disable-pip-version-check --quiet \
  --no-binary llama-cpp-python -r "$pinned"
# Written last: an interrupted installation is done again.
cp "$pinned" "$folder/installed.txt"
echo "peers: installed into $(pwd)/$folder"
