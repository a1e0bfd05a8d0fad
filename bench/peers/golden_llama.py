"""Makes test/golden/llama: tiny models saved by transformers, and what transformers and torch
compute from them, so that the tests need only Node.

    bench/peers/.venv/bin/python bench/peers/golden_llama.py
"""
import argparse
import json
import pathlib

import transformers
from compare_llama import make_job, make_model, theirs
from safetensors.torch import save_file

GOLDEN = pathlib.Path(__file__).parents[2] / "test" / "golden" / "llama"
SIZES = dict(vocab=29, hidden=16, layers=2, heads=4, intermediate=24, batch=2, time=13, steps=5, gain=8.0)
MODELS = {
    "plain": dict(kv_heads=4, tied=False, qk_norm=False, seed=1),
    "grouped-tied": dict(kv_heads=2, tied=True, qk_norm=False, seed=2),
    "qk-norm": dict(kv_heads=2, tied=False, qk_norm=True, seed=3),
}

for name, options in MODELS.items():
    args = argparse.Namespace(**SIZES, **options)
    folder = GOLDEN / name
    model, job = make_model(args), make_job(args)
    model.save_pretrained(folder / "model")
    job["madeBy"] = f"transformers {transformers.__version__}"
    (folder / "batch.json").write_text(json.dumps(job) + "\n")
    tensors = {key: value.contiguous() for key, value in theirs(model, job).items()}
    save_file(tensors, folder / "expected.safetensors")
