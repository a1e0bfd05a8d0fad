#!/bin/sh
# Makes bench/peers/.venv-moto: moto, a server that speaks S3 and keeps everything in memory, and boto3.
# The tests of object storage start it. Safe to run again. About 150 MB.
# Usage: bench/peers/setup-moto.sh [python]     (python: the interpreter to use, python3 by default)
set -eu
cd "$(dirname "$0")"
python=${1:-python3}
folder=.venv-moto
pinned=requirements-moto.txt

if [ -f "$folder/installed.txt" ] && cmp -s "$pinned" "$folder/installed.txt"; then
  echo "peers: $folder is up to date"
  exit 0
fi
if ! command -v "$python" >/dev/null 2>&1; then
  echo "peers: no $python found; install Python 3.11 or newer with venv and pip" >&2
  exit 2
fi
[ -x "$folder/bin/python" ] || "$python" -m venv "$folder"
"$folder/bin/python" -m pip install --disable-pip-version-check --quiet -r "$pinned"
# Written last: an interrupted installation is done again.
cp "$pinned" "$folder/installed.txt"
echo "peers: installed into $(pwd)/$folder"
