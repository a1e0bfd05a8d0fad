"""Makes test/golden/pixels: a palette in the forms that ImageGPT has it in, pictures, and the ids
that transformers' ImageGPTImageProcessorPil makes of them.

    bench/peers/.venv-baselines/bin/python bench/peers/baselines/golden_pixels.py
"""
import json
import pathlib

import numpy
import transformers
from PIL import Image
from transformers import ImageGPTImageProcessorPil

GOLDEN = pathlib.Path(__file__).parents[3] / "test" / "golden" / "pixels"
SIDE, COLOURS, PICTURES = 32, 48, 3

GOLDEN.mkdir(parents=True, exist_ok=True)
random = numpy.random.default_rng(22)
clusters = random.uniform(-1, 1, (COLOURS, 3)).astype(numpy.float32)
# Of two that are the same, the first is taken.
clusters[7] = clusters[3]
numpy.save(GOLDEN / "clusters.npy", clusters)
processor = ImageGPTImageProcessorPil(clusters=clusters, size={"height": SIDE, "width": SIDE})
processor.save_pretrained(GOLDEN)

expected = {"madeBy": f"transformers {transformers.__version__}", "ids": {}}
for n in range(PICTURES):
    waves = numpy.sin(numpy.arange(SIDE)[:, None, None] / (3 + n) + numpy.arange(3)) + numpy.cos(
        numpy.arange(SIDE)[None, :, None] / (2 + n)
    )
    pixels = 127.5 + 50 * waves + random.normal(0, 20, (SIDE, SIDE, 3))
    image = Image.fromarray(pixels.clip(0, 255).astype(numpy.uint8))
    image.save(GOLDEN / f"{n}.png")
    ids = processor(image, return_tensors="np")["input_ids"]
    expected["ids"][f"{n}.png"] = ids.reshape(-1).tolist()
(GOLDEN / "expected.json").write_text(json.dumps(expected) + "\n")
