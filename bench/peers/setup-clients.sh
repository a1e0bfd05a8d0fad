#!/bin/sh
# Makes bench/peers/.venv-clients: lm-evaluation-harness, openai (Python, and npm's under node/) and transformers,
# for bench/peers/clients.ts. Safe to run again. About 6 GB, of which 5 are torch's libraries for graphics cards.
# Usage: bench/peers/setup-clients.sh [python]     (python: the interpreter to use, python3 by default)
set -eu
here=$(dirname "$0")
sh "$here/venv.sh" clients "${1:-python3}"
npm install --prefix "$here/.venv-clients/node" --no-audit --no-fund --silent openai@7.59.0
