"""What torchvision's transforms would do, in a line."""
import numpy
import torch


def pixels_of(image):
    """A picture as [1, 3, height, width] in -1..1."""
    raw = numpy.asarray(image.convert("RGB"), dtype=numpy.float32) / 255 * 2 - 1
    return torch.from_numpy(raw).permute(2, 0, 1)[None]
