"""Writes test/golden/evaluation/correlation.json: Pearson's r and p, and incomplete beta functions, of SciPy.

Usage: golden_correlation.py > test/golden/evaluation/correlation.json
"""

import json
import random
import sys

import scipy
from scipy import special, stats

random.seed(5)
correlations, tails = [], []
for n in (3, 5, 12, 100, 1000):
    x = [round(random.gauss(0, 1), 6) for _ in range(n)]
    for weight in (0, 0.1, 0.9):
        y = [round(weight * a + random.gauss(0, 1), 6) for a in x]
        found = stats.pearsonr(x, y)
        figures = {"r": found.statistic, "p": found.pvalue}
        # Long lists would only make the file large: their tail is what is tested.
        if n <= 12:
            correlations.append({"x": x, "y": y, **figures})
        else:
            tails.append({"n": n, **figures})
betas = [
    [a, b, x, float(special.betainc(a, b, x))]
    for a in (0.5, 1, 4.5, 49, 499, 5000)
    for b in (0.5, 3)
    for x in (1e-6, 0.01, 0.3, 0.5, 0.9, 0.999)
]
json.dump(
    {"scipy": scipy.__version__, "correlations": correlations, "tails": tails, "betas": betas},
    sys.stdout,
)
