"""Encodes rasters with Pillow for the scripts in bench/jpeg.

Reads from stdin, again and again: a line `width height quality`, then
width*height*3 bytes of RGB. Writes for each: a line with a length, then that
many bytes of JPEG. The first line written is Pillow's version.
"""

import io
import sys

import PIL
from PIL import Image


def encode(width: int, height: int, quality: int, pixels: bytes) -> bytes:
    out = io.BytesIO()
    Image.frombytes("RGB", (width, height), pixels).save(
        out,
        "JPEG",
        quality=quality,
        subsampling="4:2:0",
        streamtype=2,
        restart_marker_blocks=1,
    )
    return out.getvalue()


def main() -> None:
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    sink.write(f"{PIL.__version__}\n".encode())
    sink.flush()
    while line := source.readline():
        width, height, quality = map(int, line.split())
        jpeg = encode(width, height, quality, source.read(width * height * 3))
        sink.write(f"{len(jpeg)}\n".encode() + jpeg)
        sink.flush()


main()
