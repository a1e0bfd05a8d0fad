#!/bin/sh
# Makes bench/peers/.venv-old-sentencepiece with sentencepiece 0.2.0, the release that the goal of
# bench/bpe/speed.ts was set against; later ones learn many times faster. Safe to run again.
# Usage: bench/peers/setup-old-sentencepiece.sh [python]     (python3 by default; it has wheels
# of this release for Python 3.12 and older)
set -eu
cd "$(dirname "$0")"
python=${1:-python3}
folder=.venv-old-sentencepiece
pinned=requirements-old-sentencepiece.txt

if [ -f "$folder/installed.txt" ] && cmp -s "$pinned" "$folder/installed.txt"; then
  echo "peers: $folder is up to date"
  exit 0
fi
if ! command -v "$python" >/dev/null 2>&1; then
  echo "peers: no $python found; install Python 3.11 or 3.12 with venv and pip" >&2
  exit 2
fi
[ -x "$folder/bin/python" ] || "$python" -m venv "$folder"
"$folder/bin/python" -m pip install --disable-pip-version-check --quiet \
  --only-binary :all: -r "$pinned"
# Written last: an interrupted installation is done again.
cp "$pinned" "$folder/installed.txt"
echo "peers: installed into $(pwd)/$folder"
