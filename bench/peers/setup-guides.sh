#!/bin/sh
# Makes bench/peers/.venv-guides: clients that the Python blocks of docs/guides use. Safe to run again.
# Usage: bench/peers/setup-guides.sh [python]     (python: the interpreter to use, python3 by default)
set -eu
sh "$(dirname "$0")/venv.sh" guides "${1:-python3}"
