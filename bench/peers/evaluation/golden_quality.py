"""Writes test/golden/evaluation/quality.json: PSNR and SSIM of scikit-image on planes made here.

Usage: golden_quality.py > test/golden/evaluation/quality.json
"""

import json

import numpy
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

# As in Wang et al. 2004: a Gaussian window of 11 pixels, covariances of the population.
WANG = dict(gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255)


def planes(width, height):
    y, x = numpy.mgrid[:height, :width]
    data = ((x * 7 + y * 13 + x * y % 31) % 256).astype(float)
    other = numpy.clip(data + (x * 3 + y * 5) % 17 - 8, 0, 255)
    return data, other


golden = []
for width, height in [(32, 24), (11, 11), (64, 13), (50, 80)]:
    a, b = planes(width, height)
    golden.append(
        {
            "width": width,
            "height": height,
            "psnr": float(peak_signal_noise_ratio(a, b, data_range=255)),
            "ssim": float(structural_similarity(a, b, **WANG)),
        }
    )
print(json.dumps(golden, indent=2))
