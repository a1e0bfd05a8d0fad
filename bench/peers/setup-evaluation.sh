#!/bin/sh
# Makes bench/peers/.venv-evaluation: pytorch-fid, clean-fid, torch-fidelity and what they need, for
# bench/evaluation/. Safe to run again. About 6 GB, of which 5 are torch's libraries for graphics cards.
# Usage: bench/peers/setup-evaluation.sh [python]     (python: the interpreter to use, python3 by default)
set -eu
exec sh "$(dirname "$0")/venv.sh" evaluation "${1:-python3}"
