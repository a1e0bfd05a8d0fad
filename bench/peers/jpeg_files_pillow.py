"""Times Pillow on image files -> canonical bytes, for bench/jpeg/speed.ts.

    jpeg_files_pillow.py ROUNDS FILE...

Each round reads every file from memory: decode, RGB, centre crop, bilinear
resize to 256x256, encode. Prints seconds an image of the best round, first for
plain Pillow, then with Image.draft (decoding at a fraction of the size).
"""

import io
import sys
import time

from PIL import Image

SIDE = 256


def encode(data: bytes, draft: bool) -> bytes:
    image = Image.open(io.BytesIO(data))
    if draft:
        image.draft("RGB", (2 * SIDE, 2 * SIDE))
    image = image.convert("RGB")
    width, height = image.size
    side = min(width, height)
    left, top = (width - side) // 2, (height - side) // 2
    box = (left, top, left + side, top + side)
    out = io.BytesIO()
    image.resize((SIDE, SIDE), Image.Resampling.BILINEAR, box=box).save(
        out, "JPEG", quality=25, subsampling="4:2:0", streamtype=2, restart_marker_blocks=1
    )
    return out.getvalue()


def best(files: list[bytes], rounds: int, draft: bool) -> float:
    times = []
    for _ in range(rounds):
        start = time.process_time()
        for data in files:
            encode(data, draft)
        times.append(time.process_time() - start)
    return min(times) / len(files)


rounds = int(sys.argv[1])
contents = [open(path, "rb").read() for path in sys.argv[2:]]
print(best(contents, rounds, False), best(contents, rounds, True))
