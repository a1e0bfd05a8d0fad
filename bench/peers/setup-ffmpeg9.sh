#!/bin/sh
# Makes bench/peers/.venv-ffmpeg9 with the ffmpeg that PyPI's imageio-ffmpeg brings, pinned: n9.0.2,
# a static build with libx264. Its program is then bench/peers/.venv-ffmpeg9/ffmpeg. Safe to run again.
# Usage: bench/peers/setup-ffmpeg9.sh [python]     (python: the interpreter to use, python3 by default)
set -eu
cd "$(dirname "$0")"
python=${1:-python3}
venv=.venv-ffmpeg9
wanted=imageio-ffmpeg==0.8.1

if [ -x "$venv/ffmpeg" ] && [ "$(cat "$venv/installed.txt" 2>/dev/null)" = "$wanted" ]; then
  echo "peers: $venv is up to date"
  exit 0
fi
if ! command -v "$python" >/dev/null 2>&1; then
  echo "peers: no $python found; install Python 3 with venv and pip" >&2
  exit 2
fi
[ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
"$venv/bin/python" -m pip install --disable-pip-version-check --quiet --no-deps "$wanted"
program=$("$venv/bin/python" -c 'import imageio_ffmpeg; print(imageio_ffmpeg.get_ffmpeg_exe())')
"$program" -version | head -n 1
ln -sf "$program" "$venv/ffmpeg"
# Written last: an interrupted installation is done again.
echo "$wanted" >"$venv/installed.txt"
echo "peers: installed into $(pwd)/$venv"
