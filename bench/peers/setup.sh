#!/bin/sh
# Makes bench/peers/.venv with the pinned peers of requirements.txt. Safe to run again: it
# does nothing when the environment already holds exactly these.
# Usage: bench/peers/setup.sh [python]     (python: the interpreter to use, python3 by default)
set -eu
cd "$(dirname "$0")"
python=${1:-python3}

if [ -f .venv/installed.txt ] && cmp -s requirements.txt .venv/installed.txt; then
  echo "peers: .venv is up to date"
  exit 0
fi
if ! command -v "$python" >/dev/null 2>&1; then
  echo "peers: no $python found; install Python 3.11 or newer with venv and pip" >&2
  exit 2
fi
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
  echo "peers: $python is older than Python 3.11" >&2
  exit 2
}
[ -x .venv/bin/python ] || "$python" -m venv .venv
.venv/bin/python -m pip install --disable-pip-version-check --quiet -r requirements.txt
# Written last: an interrupted installation is done again.
cp requirements.txt .venv/installed.txt
echo "peers: installed into $(pwd)/.venv"
