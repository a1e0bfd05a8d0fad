"""Runs the three scripts with small untrained models on two prompts, and looks at what they wrote: one
picture for each prompt, of its size; the same bytes when it is done again.

    bench/peers/.venv-baselines/bin/python bench/peers/baselines/try_tiny.py [SCRIPT...]
"""
import pathlib
import subprocess
import sys
import tempfile

import numpy
from PIL import Image

HERE = pathlib.Path(__file__).parent
SIDE = 64

with tempfile.TemporaryDirectory() as scratch:
    root = pathlib.Path(scratch)
    random = numpy.random.default_rng(1)
    for ratio, rows in (("ratio-0.25", 16), ("ratio-0.5", 32)):
        for kind in ("prompts", "masks", "originals"):
            (root / "prompts" / ratio / kind).mkdir(parents=True)
        for n in range(2):
            pixels = random.integers(0, 256, (SIDE, SIDE, 3), dtype=numpy.uint8)
            mask = numpy.zeros((SIDE, SIDE, 3), dtype=numpy.uint8)
            mask[rows:] = 255
            for kind, picture in (("prompts", pixels), ("masks", mask), ("originals", pixels)):
                Image.fromarray(picture).save(root / "prompts" / ratio / kind / f"{n:08d}.png")
    for script in sys.argv[1:] or ("inpaint_sd.py", "vq_diffusion.py", "imagegpt.py"):
        found = []
        for attempt in ("one", "two"):
            out = root / attempt / script
            subprocess.run(
                [sys.executable, HERE / script, "--tiny", "--prompts", root / "prompts", "--to", out],
                check=True, stdout=subprocess.DEVNULL,
            )
            files = sorted(out.glob("*/*.png"))
            assert [f"{f.parent.name}/{f.name}" for f in files] == [
                f"{ratio}/{n:08d}.png" for ratio in ("ratio-0.25", "ratio-0.5") for n in range(2)
            ], files
            assert all(Image.open(f).size == (SIDE, SIDE) for f in files)
            found.append([f.read_bytes() for f in files])
        assert found[0] == found[1], f"{script}: not the same pictures again"
        assert len(set(found[0])) == 4, f"{script}: completions are all alike"
        print(script, "made", len(found[0]), "completions of", SIDE, "pixels, the same twice")
