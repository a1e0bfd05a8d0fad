"""Writes test/golden/evaluation/distances.json: figures of pytorch-fid and torch-fidelity.

Usage: golden_distances.py > test/golden/evaluation/distances.json
"""

import json

import numpy
import torch
from pytorch_fid.fid_score import calculate_frechet_distance
from random_weights import bits
from torch_fidelity.metric_isc import isc_features_to_metric
from torch_fidelity.metric_kid import kid_features_to_metric
from torch_fidelity.metric_prc import prc_features_to_metric

SIZES = {"many": (90, 120, 16), "few": (40, 45, 64)}


def rows(name, count, dims, shift):
    u = bits(name, count * dims, 0).astype(numpy.float64) / 2**32 * 2 - 1
    data = u.reshape(count, dims)
    for d in range(dims):
        data[:, d] += (0.5 * data[:, d - 1] if d else 0) + shift
    return data


def gauss(data):
    return data.mean(axis=0), numpy.cov(data, rowvar=False)


golden = {"sizes": SIZES, "permutation": numpy.random.RandomState(2020).permutation(40).tolist()}
for size, (count_a, count_b, dims) in SIZES.items():
    a, b = rows(f"{size} a", count_a, dims, 0), rows(f"{size} b", count_b, dims, 0.02)
    generated, real = torch.from_numpy(b), torch.from_numpy(a)
    golden[size] = {
        "fid": float(calculate_frechet_distance(*gauss(a), *gauss(b))),
        **kid_features_to_metric(generated, real, kid_subset_size=30, verbose=False),
        **prc_features_to_metric(generated, real, verbose=False, save_cpu_ram=False),
        **isc_features_to_metric(generated),
    }
print(json.dumps(golden, indent=2))
