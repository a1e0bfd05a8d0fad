"""What pytorch-fid takes for the work that bench/evaluation/speed.ts does, one thread.

Usage: speed.py features WEIGHTS.pth FOLDER           features of a folder of pictures
       speed.py frechet A.npz B.npz                   the distance of two normal distributions
       speed.py compare WEIGHTS.pth A B               both folders and their distance
Prints JSON: seconds of CPU time and by the clock, and the peak of memory in MB.
"""

import json
import pathlib
import resource
import sys
import time

import numpy
import torch
from pytorch_fid import fid_score, inception

torch.set_num_threads(1)
what, *args = sys.argv[1:]


def network(path):
    inception.load_state_dict_from_url = lambda *_args, **_options: torch.load(path, weights_only=True)
    return inception.InceptionV3([inception.InceptionV3.BLOCK_INDEX_BY_DIM[2048]]).eval()


def pictures(folder):
    return sorted(path for path in pathlib.Path(folder).iterdir())


def features(path, folder):
    model = network(path)
    files = pictures(folder)
    # The first pictures pay for what is made once.
    fid_score.get_activations(files[:2], model, 2, num_workers=0)
    return lambda: {"images": len(fid_score.get_activations(files, model, 50, num_workers=0))}


def frechet(a, b):
    sides = [numpy.load(path) for path in (a, b)]
    stats = [side[name] for side in sides for name in ("mu", "sigma")]
    return lambda: {"fid": float(fid_score.calculate_frechet_distance(*stats))}


def compare(path, a, b):
    # As `pytorch-fid A B --num-workers 0` does it, from the weights to the figure.
    def work():
        model = network(path)
        stats = [
            part
            for folder in (a, b)
            for part in fid_score.compute_statistics_of_path(folder, model, 50, 2048, "cpu", 0)
        ]
        return {"fid": float(fid_score.calculate_frechet_distance(*stats))}

    return work


work = {"features": features, "frechet": frechet, "compare": compare}[what](*args)
cpu, clock = time.process_time(), time.perf_counter()
result = work()
cpu, clock = time.process_time() - cpu, time.perf_counter() - clock
memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"cpu": cpu, "clock": clock, "memory": memory, **result}))
