"""Reads folders of frames with cd-fvd, as `trainer evaluate frames` writes them, and goes all the way to
its distance; the network, whose weights are a download, is a small random one.

cd-fvd 0.1.1 leaves out clips of exactly `sequence_length` frames without a word; -1 takes every clip as a
whole. It asks Pillow for a constant that is gone since Pillow 10.

Usage: fvd_frames.py REAL GENERATED
"""

import json
import os
import sys

import numpy
import torch
from cdfvd import fvd
from PIL import Image


class Network(torch.nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.convolution = torch.nn.Conv3d(3, 4, 3)

    def forward(self, clips):
        return self.convolution(clips).mean((2, 3, 4))


WHOLE = -1
Image.ANTIALIAS = Image.Resampling.LANCZOS


def load(evaluator, folder):
    size = min(Image.open(first_frame(folder)).size)
    options = dict(resolution=size, sequence_length=WHOLE, data_type="image_folder", num_workers=0)
    return evaluator.load_videos(folder, batch_size=1, **options)


def first_frame(folder):
    clip = sorted(os.listdir(folder))[0]
    return os.path.join(folder, clip, sorted(os.listdir(os.path.join(folder, clip)))[0])


def main():
    real, generated = sys.argv[1:3]
    fvd.load_i3d_model = lambda _device, _path: Network()
    fvd.preprocess_i3d = lambda clips: torch.from_numpy(clips).permute(0, 4, 1, 2, 3).float() / 255
    evaluator = fvd.cdfvd("i3d", n_real="full", n_fake="full", device="cpu")
    loaders = [load(evaluator, folder) for folder in (real, generated)]
    counts = [len(loader.dataset) for loader in loaders]
    # The first frame of some clip is the picture itself: nothing was scaled or put in another order.
    dataset = loaders[0].dataset
    clip = dataset[0]["video"]
    with Image.open(dataset.data_all[0][0]) as image:
        pixels = numpy.asarray(image.convert("RGB"))
    side = min(pixels.shape[:2])
    top, left = (pixels.shape[0] - side) // 2, (pixels.shape[1] - side) // 2
    expected = pixels[top : top + side, left : left + side].transpose(2, 0, 1) / 255
    furthest = float(numpy.abs(clip[:, 0].numpy() - expected).max())
    evaluator.compute_real_stats(loaders[0])
    evaluator.compute_fake_stats(loaders[1])
    distance = float(evaluator.compute_fvd_from_stats())
    result = {"clips": counts, "shape": list(clip.shape), "furthest": furthest, "distance": distance}
    print(json.dumps(result))


main()
