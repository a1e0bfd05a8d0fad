#!/bin/sh
# Makes bench/peers/.venv-far: s3fs, boto3, Pillow and Ray, for the benchmarks of object storage and the
# recipe with Ray. Safe to run again. About 600 MB.
# Usage: bench/peers/setup-far.sh [python]     (python: the interpreter to use, python3 by default)
set -eu
exec sh "$(dirname "$0")/venv.sh" far "${1:-python3}"
