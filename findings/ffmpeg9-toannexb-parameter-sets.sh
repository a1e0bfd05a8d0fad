#!/usr/bin/env bash
# ffmpeg 9.0's h264_mp4toannexb puts parameter sets before other pictures, and elsewhere among the SEI, than 7.0's.
#
# Consequence for us: tokenizer/codecs/avc/nal.ts (toAnnexB) makes the stream from the samples of an MP4
# file itself, since the same file gives other bytes from one version of ffmpeg to the next.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
for pin in 0.6.0 0.8.1; do
  python3 -m venv "$pin"
  "$pin/bin/pip" install --quiet --disable-pip-version-check --no-deps "imageio-ffmpeg==$pin"
done
program() { "$1/bin/python" -c 'import imageio_ffmpeg; print(imageio_ffmpeg.get_ffmpeg_exe())'; }
old=$(program 0.6.0)
new=$(program 0.8.1)
# Two IDR pictures, each with SEI; the parameter sets lie in the header of the file.
"$old" -v error -f lavfi -i testsrc=size=64x48:rate=2:duration=1 -c:v libx264 -pix_fmt yuv420p -g 1 \
  -x264opts repeat-headers=0:keyint=1:pic-struct=1:nal-hrd=vbr:vbv-maxrate=100:vbv-bufsize=100 -movflags +faststart clip.mp4
units() {
  "$1" -v error -i clip.mp4 -c copy -bsf:v h264_mp4toannexb -f h264 pipe:1 | python3 -c '
import re, sys
print(" ".join(str(m[1][0] & 31) for m in re.finditer(rb"\x00\x00\x01(.)", sys.stdin.buffer.read(), re.S)))'
}
for one in "$old" "$new"; do
  "$one" -version | sed -n 's/^\(ffmpeg version [^ ]*\).*/\1/p'
  echo "  types of its NAL units: $(units "$one")"
done
echo "expected: the same units from the same file"
[ "$(units "$old")" != "$(units "$new")" ]
