"""Resizes rasters as clean-fid, pytorch-fid and torch-fidelity do, for bench/evaluation/resize.ts.

stdin: lines `WIDTH HEIGHT clean|pytorch|tf`, each followed by the RGB bytes.
stdout: a line of versions; then the samples of each, 299 x 299 x 3 little-endian float32.
"""

import sys

import numpy
import PIL
import torch
import torch.nn.functional as functional
import torchvision.transforms as transforms
from cleanfid.resize import make_resizer
from PIL import Image
from torch_fidelity.interpolate_compat_tensorflow import (
    interpolate_bilinear_2d_like_tensorflow1x as interpolate_tf,
)

SIDE = (299, 299)
# With one thread torch takes another kernel for the same call, whose last bits differ.
torch.set_num_threads(2)
clean = make_resizer("PIL", False, "bicubic", SIDE)


def planes(pixels):
    return torch.from_numpy(pixels.copy()).permute(2, 0, 1)[None].float()


def interleaved(tensor):
    return tensor[0].permute(1, 2, 0).numpy()


def resized(pixels, how):
    if how == "clean":
        return clean(pixels)
    if how == "tf":
        return interleaved(interpolate_tf(planes(pixels), size=SIDE, align_corners=False))
    unit = transforms.ToTensor()(Image.fromarray(pixels))[None]
    return interleaved(
        functional.interpolate(unit, size=SIDE, mode="bilinear", align_corners=False)
    )


def main():
    print(f"Pillow {PIL.__version__}, torch {torch.__version__}", flush=True)
    for line in iter(sys.stdin.buffer.readline, b""):
        width, height, how = line.split()
        shape = (int(height), int(width), 3)
        pixels = numpy.frombuffer(sys.stdin.buffer.read(shape[0] * shape[1] * 3), numpy.uint8)
        values = numpy.ascontiguousarray(resized(pixels.reshape(shape), how.decode()), "<f4")
        sys.stdout.buffer.write(values.tobytes())
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
