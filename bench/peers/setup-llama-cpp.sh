#!/bin/sh
# Makes bench/peers/.venv-llama-cpp with llama.cpp as its Python package has it, built here from the
# sdist for this machine's CPU, and with the package `gguf` that reads its files. The build takes 5
# minutes on two free cores. Safe to run again. It needs a C++ compiler, CMake and Python's headers.
# Usage: bench/peers/setup-llama-cpp.sh [python]     (python: the interpreter to use, python3 by default)
set -eu
command -v c++ >/dev/null 2>&1 || { echo "peers: no c++ found" >&2; exit 2; }
CMAKE_BUILD_PARALLEL_LEVEL=${CMAKE_BUILD_PARALLEL_LEVEL:-$(getconf _NPROCESSORS_ONLN)}
CMAKE_ARGS="-DGGML_NATIVE=ON -DLLAVA_BUILD=OFF ${CMAKE_ARGS:-}"
export CMAKE_BUILD_PARALLEL_LEVEL CMAKE_ARGS
exec sh "$(dirname "$0")/venv.sh" llama-cpp "${1:-python3}" --no-binary llama-cpp-python
