#!/bin/sh
# Makes bench/peers/.venv-loaders: MosaicML StreamingDataset and LitData, which bench/loader compares
# with. Safe to run again. About 6 GB, of which 5 are torch's libraries for graphics cards.
# Usage: bench/peers/setup-loaders.sh [python]     (python: the interpreter to use, python3 by default)
set -eu
exec sh "$(dirname "$0")/venv.sh" loaders "${1:-python3}"
