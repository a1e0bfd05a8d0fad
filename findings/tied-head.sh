#!/bin/sh
# transformers 5.24: config.json says tie_word_embeddings: true. Whether the output layer is the embedding is decided
# by the weights all the same: an lm_head that differs by one number is computed with, and saving the model again
# keeps both and still says true. An lm_head alone becomes the embedding.
# For us: trainer/checkpoint/model-weights.ts compares the two before it believes the configuration.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --disable-pip-version-check --quiet \
  numpy==2.4.6 safetensors==0.8.0 torch==2.15.0 transformers==5.24.0
cat >"$folder/finding.py" <<'PY'
import json
import sys

import torch
import transformers
from safetensors.torch import load_file, save_file
from transformers import LlamaConfig, LlamaForCausalLM

transformers.logging.set_verbosity_error()
folder, source = sys.argv[1] + "/model", sys.argv[1] + "/source"
shape = dict(vocab_size=40, hidden_size=16, intermediate_size=24, num_hidden_layers=1)
heads = dict(num_attention_heads=2, num_key_value_heads=1, tie_word_embeddings=False)
LlamaForCausalLM(LlamaConfig(**shape, **heads)).save_pretrained(source)
EMBEDDING, HEAD = "model.embed_tokens.weight", "lm_head.weight"


def load(edit):
    """The source as a folder that says tied; returns the loaded model and its tensors in the file."""
    tensors = load_file(source + "/model.safetensors")
    edit(tensors)
    LlamaForCausalLM.from_pretrained(source).save_pretrained(folder)
    save_file(tensors, folder + "/model.safetensors", metadata={"format": "pt"})
    config = json.load(open(folder + "/config.json"))
    json.dump({**config, "tie_word_embeddings": True}, open(folder + "/config.json", "w"))
    return LlamaForCausalLM.from_pretrained(folder), tensors


def is_one(model):
    return model.model.embed_tokens.weight.data_ptr() == model.lm_head.weight.data_ptr()


def nearly_equal(tensors):
    tensors[HEAD] = tensors[EMBEDDING].clone()
    tensors[HEAD][3, 3] += 1e-3


def equal(tensors):
    tensors[HEAD] = tensors[EMBEDDING].clone()


seen = {}
model, tensors = load(nearly_equal)
kept = torch.equal(model.lm_head.weight, tensors[HEAD])
seen["one number differs: both are computed with"] = kept and not is_one(model)
model.save_pretrained(folder + "-again")
again = json.load(open(folder + "-again/config.json"))["tie_word_embeddings"]
stored = HEAD in load_file(folder + "-again/model.safetensors")
seen["saved again: both are stored, and the configuration says tied"] = stored and again is True
model, _ = load(equal)
seen["equal: one of them"] = is_one(model)
model, tensors = load(lambda tensors: tensors.pop(EMBEDDING))
embedding = model.model.embed_tokens.weight
seen["lm_head alone: it is the embedding"] = is_one(model) and torch.equal(embedding, tensors[HEAD])

print("transformers", transformers.__version__, "torch", torch.__version__)
print("expected: tie_word_embeddings: true makes one matrix of both, or the file is refused")
for what, is_so in seen.items():
    print("seen:" if is_so else "no more:", what)
sys.exit(0 if all(seen.values()) else 1)
PY
"$folder/venv/bin/python" "$folder/finding.py" "$folder"
