#!/bin/sh
# Makes the virtual environment .venv-NAME beside this script with the packages of requirements-NAME.txt,
# unless it holds exactly these. The setup-*.sh scripts call it.
# Usage: venv.sh NAME PYTHON [options of pip install]
set -eu
cd "$(dirname "$0")"
name=$1
python=$2
shift 2
folder=.venv-$name
pinned=requirements-$name.txt

if [ -f "$folder/installed.txt" ] && cmp -s "$pinned" "$folder/installed.txt"; then
  echo "peers: $folder is up to date"
  exit 0
fi
if ! command -v "$python" >/dev/null 2>&1; then
  echo "peers: no $python found; install Python 3.11 or newer with venv and pip" >&2
  exit 2
fi
[ -x "$folder/bin/python" ] || "$python" -m venv "$folder"
"$folder/bin/python" -m pip install --disable-pip-version-check --quiet "$@" -r "$pinned"
# Written last: an interrupted installation is done again.
cp "$pinned" "$folder/installed.txt"
echo "peers: installed into $(pwd)/$folder"
