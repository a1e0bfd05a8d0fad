"""Writes test/golden/evaluation/resizes.json: sums of what the peers' resizers give.

Usage: golden_resizes.py > test/golden/evaluation/resizes.json
"""

import hashlib
import json

import numpy
from random_weights import bits
from resize import resized

SIZES = [(256, 256), (1, 1), (299, 299), (300, 298), (37, 501), (640, 480), (64, 33), (598, 2), (120, 299)]
golden = []
for width, height in SIZES:
    pixels = (bits(f"{width}x{height}", width * height * 3, 0) >> numpy.uint32(24)).astype(numpy.uint8)
    pixels = pixels.reshape(height, width, 3)
    sums = {
        how: hashlib.sha256(numpy.ascontiguousarray(resized(pixels, how), "<f4").tobytes()).hexdigest()
        for how in ("clean", "pytorch", "tf")
    }
    golden.append({"width": width, "height": height, "sha256": sums})
print(json.dumps(golden, indent=2))
