"""Pillow's resize for bench/resize/compare.ts: one request a line on stdin, samples after it.

    WIDTH HEIGHT CHANNELS TO_WIDTH TO_HEIGHT KERNEL u1|f4\n + samples    ->    samples

u1: 1 channel is mode L, 3 are RGB. f4: mode F, each channel by itself. KERNEL "torch" is
torchvision's antialiased bilinear on tensors of bytes (it calls this very function of torch).
Writes its version first.
"""

import sys

import numpy as np
import PIL
from PIL import Image

read, out = sys.stdin.buffer, sys.stdout.buffer
out.write(f"{PIL.__version__}\n".encode())
out.flush()
for line in read:
    width, height, channels, to_width, to_height = map(int, line.split()[:5])
    kernel, kind = line.decode().split()[5:]
    dtype = np.dtype(kind).newbyteorder("<")
    samples = np.frombuffer(read.read(width * height * channels * dtype.itemsize), dtype)
    samples = samples.reshape(height, width, channels)
    size = (to_width, to_height)
    method = None if kernel == "torch" else getattr(Image.Resampling, kernel.upper())
    if kernel == "torch":
        import torch

        planes = torch.from_numpy(samples.transpose(2, 0, 1).copy())[None]
        resized = torch.nn.functional.interpolate(
            planes, (to_height, to_width), mode="bilinear", antialias=True, align_corners=False
        )
        result = resized[0].numpy().transpose(1, 2, 0)
    elif kind == "u1":
        image = Image.fromarray(samples[..., 0] if channels == 1 else samples)
        result = np.asarray(image.resize(size, method))
    else:
        planes = [Image.fromarray(samples[..., c].copy()) for c in range(channels)]
        result = np.stack([np.asarray(p.resize(size, method)) for p in planes], -1)
    out.write(np.ascontiguousarray(result).astype(dtype).tobytes())
    out.flush()
