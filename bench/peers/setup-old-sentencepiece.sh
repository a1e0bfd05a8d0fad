#!/bin/sh
# Makes bench/peers/.venv-old-sentencepiece with sentencepiece 0.2.0, the release that the goal of
# bench/bpe/speed.ts was set against; later ones learn many times faster. Safe to run again.
# Usage: bench/peers/setup-old-sentencepiece.sh [python]     (python3 by default; it has wheels
# of this release for Python 3.12 and older)
set -eu
exec sh "$(dirname "$0")/venv.sh" old-sentencepiece "${1:-python3}" --only-binary :all:
