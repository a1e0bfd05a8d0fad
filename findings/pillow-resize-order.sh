#!/bin/sh
# Pillow 13.0.0 resizes the height first where it loses more than twice as many pixels as the width;
# until 12.2.0 the width always came first. Bytes are rounded after each pass, so the same call
# gives other pixels (by 1 of 255) for pictures that are shrunk in height and enlarged, or hardly
# shrunk, in width. Seen in src/libImaging/Resample.c, told in no release note. It matters to whoever
# keeps hashes of resized pictures, or compares scores made by two versions.
#
# Makes a temporary folder, installs both versions there with pip, exits 1 when the behaviour has changed.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat >"$folder/show.py" <<'PY'
import sys
from PIL import Image, __version__

picture = Image.frombytes("L", (40, 90), bytes((i * 2654435761 >> 24) & 255 for i in range(3600)))
both = picture.resize((60, 30), Image.Resampling.BILINEAR)
width_first = picture.resize((60, 90), Image.Resampling.BILINEAR).resize((60, 30), Image.Resampling.BILINEAR)
height_first = picture.resize((40, 30), Image.Resampling.BILINEAR).resize((60, 30), Image.Resampling.BILINEAR)
order = "width first" if both.tobytes() == width_first.tobytes() else "neither"
order = "height first" if both.tobytes() == height_first.tobytes() else order
differing = sum(a != b for a, b in zip(width_first.tobytes(), height_first.tobytes()))
print(f"Pillow {__version__}: 40x90 to 60x30 is done {order}; the orders differ in {differing} of {60 * 30} samples")
sys.exit(order != sys.argv[1])
PY
changed=0
for pair in "12.2.0:width first" "13.0.0:height first"; do
  version=${pair%%:*}
  python3 -m venv "$folder/$version"
  "$folder/$version/bin/pip" install --quiet --disable-pip-version-check "pillow==$version"
  "$folder/$version/bin/python" "$folder/show.py" "${pair#*:}" || changed=1
done
[ "$changed" = 0 ] && echo "as described" || echo CHANGED
exit "$changed"
