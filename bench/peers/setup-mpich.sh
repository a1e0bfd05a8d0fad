#!/bin/sh
# Makes bench/peers/.venv-mpich with MPICH 5, which brings a library of MPI's standard ABI
# (libmpi_abi) and the launcher that goes with it. Safe to run again.
# Usage: bench/peers/setup-mpich.sh [python]     (python: the interpreter to use, python3 by default)
set -eu
cd "$(dirname "$0")"
python=${1:-python3}

if [ -f .venv-mpich/installed ]; then
  echo "peers: .venv-mpich is up to date"
  exit 0
fi
[ -x .venv-mpich/bin/python ] || "$python" -m venv .venv-mpich
.venv-mpich/bin/python -m pip install --disable-pip-version-check --quiet mpich==5.0.2
# Written last: an interrupted installation is done again.
touch .venv-mpich/installed
echo "peers: installed into $(pwd)/.venv-mpich"
