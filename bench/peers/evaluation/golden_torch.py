"""Writes test/golden/torch: a small state dict in the form of torch.save before release 1.6.

Usage: golden_torch.py test/golden/torch
"""

import collections
import json
import pathlib
import sys

import torch

TYPES = {torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16", torch.float64: "F64", torch.int64: "I64"}
folder = pathlib.Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
numbers = torch.arange(24, dtype=torch.float32) / 8 - 1
block = torch.nn.Sequential(torch.nn.Conv2d(2, 3, 1), torch.nn.BatchNorm2d(3))
tensors = collections.OrderedDict(block.state_dict())
tensors["whole"] = numbers.reshape(2, 3, 4)
tensors["turned"] = numbers.reshape(4, 6).t()
tensors["part"] = numbers[5:9]
tensors["none"] = torch.zeros(0, 3)
tensors["scalar"] = torch.tensor(2.5)
for dtype in (torch.float16, torch.bfloat16, torch.float64):
    tensors[str(dtype)] = numbers[:4].to(dtype)
# The state dict of a module carries the versions of its modules.
tensors._metadata = block.state_dict()._metadata
torch.save(tensors, folder / "old-form.pth", _use_new_zipfile_serialization=False)
described = {
    name: {"dtype": TYPES[t.dtype], "shape": list(t.shape), "values": t.double().flatten().tolist()}
    for name, t in tensors.items()
}
text = json.dumps({"madeBy": f"torch {torch.__version__}", "tensors": described}, indent=1)
(folder / "old-form.json").write_text(text + "\n")
