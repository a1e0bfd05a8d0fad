#!/usr/bin/env bash
# ffmpeg 4.2's filter metadata=mode=print writes pts_time with six significant digits: a frame at 12,345.68 s is
# said to be at 12345.7 s, so a seek to the printed time of a cut gives another frame in long videos. 9.0's is exact;
# Debian 12's 5.1.9 prints six digits too.
#
# Consequence for us: tokenizer/codecs/avc/ffmpeg/command.ts (surveyOptions) sets the time base to microseconds
# and reads pts.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
for pin in 0.4.9 0.8.1; do
  python3 -m venv "$pin"
  "$pin/bin/pip" install --quiet --disable-pip-version-check --no-deps "imageio-ffmpeg==$pin"
done
program() { "$1/bin/python" -c 'import imageio_ffmpeg; print(imageio_ffmpeg.get_ffmpeg_exe())'; }
# One frame at 12,345.68 s of a stream of 25 frames per second.
printed() {
  "$(program "$1")" -v error -f lavfi -i color=red:size=16x16:rate=25 -frames:v 1 -f null \
    -vf 'setpts=N+308642,settb=1/1000000,select=gte(scene\,0),metadata=mode=print:file=-' - | grep -m 1 pts
}
for pin in 0.4.9 0.8.1; do
  "$(program "$pin")" -version | sed -n 's/^\(ffmpeg version [^ ]*\).*/\1/p'
  echo "  $(printed "$pin")"
done
echo "expected: pts_time that is pts divided by a million"
[[ "$(printed 0.4.9)" == *'pts:12345680000 pts_time:12345.7' ]]
[[ "$(printed 0.8.1)" == *'pts:12345680000 pts_time:12345.68' ]]
