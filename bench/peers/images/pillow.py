"""Pillow's pixels of image files, for bench/peers/images/compare.ts.

Reads a path a line; answers a line of JSON, {"format", "mode", "width", "height", "frames"} or
{"error"}, and after the first width x height x 3 bytes: the first frame, turned as its EXIF
orientation says, convert('RGB'). Writes its version first.
"""

import json
import sys
import warnings

import PIL
from PIL import Image, ImageFile, ImageOps

try:
    import pillow_heif

    pillow_heif.register_heif_opener()
except ImportError:
    pass

warnings.simplefilter("ignore")
out = sys.stdout.buffer


def answer(value: dict, pixels: bytes = b"") -> None:
    out.write(json.dumps(value).encode() + b"\n" + pixels)
    out.flush()


answer({"version": PIL.__version__})
for line in sys.stdin:
    try:
        with Image.open(line.rstrip("\n")) as image:
            found = {
                "format": image.format,
                "mode": image.mode,
                "frames": getattr(image, "n_frames", 1),
                "transparency": "transparency" in image.info,
            }
            rgb = ImageOps.exif_transpose(image).convert("RGB")
        answer({**found, "width": rgb.width, "height": rgb.height}, rgb.tobytes())
    except Exception as error:
        answer({"error": f"{type(error).__name__}: {error}"[:200]})
