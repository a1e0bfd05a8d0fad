#!/bin/sh
# Makes bench/peers/.venv-moto: moto, a server that speaks S3 and keeps everything in memory, and boto3.
# The tests of object storage start it. Safe to run again. About 150 MB.
# Usage: bench/peers/setup-moto.sh [python]     (python: the interpreter to use, python3 by default)
set -eu
exec sh "$(dirname "$0")/venv.sh" moto "${1:-python3}"
