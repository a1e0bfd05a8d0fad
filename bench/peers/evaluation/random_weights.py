"""Random weights that Python and TypeScript make alike (bench/evaluation/random-weights.ts).

Element i of a tensor comes from the 32 bits mix(i * 0x9e3779b1 + fnv1a(name) + seed), where mix is the
finalizer of MurmurHash3: u = 2 * bits / 2^32 - 1. Kernels are u * sqrt(6 / fan in), so that activations
keep their size through ReLUs; norms are near the identity.
"""

import math

import numpy
import torch


def bits(name, count, seed):
    state = 0x811C9DC5
    for byte in name.encode():
        state = ((state ^ byte) * 0x01000193) & 0xFFFFFFFF
    x = numpy.arange(count, dtype=numpy.uint32) * numpy.uint32(0x9E3779B1)
    x = x + numpy.uint32((state + seed) & 0xFFFFFFFF)
    x ^= x >> numpy.uint32(16)
    x *= numpy.uint32(0x85EBCA6B)
    x ^= x >> numpy.uint32(13)
    x *= numpy.uint32(0xC2B2AE35)
    x ^= x >> numpy.uint32(16)
    return x


def random_tensor(name, shape, seed):
    count = math.prod(shape)
    u = bits(name, count, seed).astype(numpy.float64) / 2**32 * 2 - 1
    if len(shape) > 1:
        values = u * math.sqrt(6 / math.prod(shape[1:]))
    elif name.endswith("running_var"):
        values = 1 + 0.5 * u
    elif name.endswith(("weight", "lambda1")):
        values = 1 + 0.1 * u
    else:
        values = 0.1 * u
    return torch.from_numpy(values.astype(numpy.float32).reshape(shape))


def randomize(model, seed):
    """Gives every tensor of a model such values; returns names and shapes."""
    shapes = {}
    state = {}
    for name, tensor in model.state_dict().items():
        if name.endswith("num_batches_tracked"):
            continue
        shapes[name] = list(tensor.shape)
        state[name] = random_tensor(name, tensor.shape, seed)
    model.load_state_dict(state, strict=False)
    return shapes


def fid_inception(seed):
    """pytorch-fid's Inception, up to its pool, and its classifier, without the download of its weights."""
    from pytorch_fid import inception

    original = inception.load_state_dict_from_url
    inception.load_state_dict_from_url = lambda *_args, **_options: made.state_dict()
    try:
        import torchvision

        made = torchvision.models.inception_v3(
            num_classes=1008, aux_logits=False, weights=None, init_weights=False
        )
        shapes = randomize(made, seed)
        return inception.InceptionV3([3]).eval(), made, shapes
    finally:
        inception.load_state_dict_from_url = original
