#!/bin/sh
# Makes bench/peers/.venv-baselines: transformers and diffusers, which the codecs `pixels` and `vq` are
# compared with. Safe to run again. About 6 GB, of which 5 are torch's libraries for graphics cards.
# Usage: bench/peers/setup-baselines.sh [python]     (python: the interpreter to use, python3 by default)
set -eu
exec sh "$(dirname "$0")/venv.sh" baselines "${1:-python3}"
