#!/bin/sh
# transformers 5.24: a weight stored as I64 or as F8_E4M3 is cast to the model's type without a word, whatever it was a
# code for: a quantized tensor whose scales are not there loads, and its codes are taken for numbers.
# For us: base/safetensors/header.ts refuses the types that need scales, by the name of the tensor.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --disable-pip-version-check --quiet \
  numpy==2.4.6 safetensors==0.8.0 torch==2.15.0 transformers==5.24.0
cat >"$folder/finding.py" <<'PY'
import contextlib
import io
import logging
import sys
import warnings

import torch
import transformers
from safetensors.torch import load_file, save_file
from transformers import LlamaConfig, LlamaForCausalLM

folder = sys.argv[1] + "/model"
shape = dict(vocab_size=40, hidden_size=16, intermediate_size=24, num_hidden_layers=1)
heads = dict(num_attention_heads=2, num_key_value_heads=1)
LlamaForCausalLM(LlamaConfig(**shape, **heads)).save_pretrained(folder)
path, name = folder + "/model.safetensors", "model.norm.weight"
transformers.utils.logging.disable_progress_bar()

# A norm of 0.75 as codes with one scale for all of them: 96 / 128.
codes = {
    "I64": torch.full((16,), 96, dtype=torch.int64),
    "F8_E4M3": torch.full((16,), 96.0).to(torch.float8_e4m3fn),
}
silent = {}
for dtype, tensor in codes.items():
    tensors = load_file(path)
    tensors[name] = tensor
    save_file(tensors, path, metadata={"format": "pt"})
    said = io.StringIO()
    logging.getLogger("transformers").addHandler(logging.StreamHandler(said))
    with warnings.catch_warnings(record=True) as caught, contextlib.redirect_stderr(said):
        warnings.simplefilter("always")
        model = LlamaForCausalLM.from_pretrained(folder)
    about = [w for w in caught if name in str(w.message)]
    values = model.model.norm.weight
    is_cast = values.dtype == torch.float32 and bool((values == 96).all())
    silent[dtype] = is_cast and name not in said.getvalue() and not about

print("transformers", transformers.__version__, "torch", torch.__version__)
print("expected: an error or a warning about a norm that is stored as codes")
for dtype, is_so in silent.items():
    print("seen:" if is_so else "no more:", f"{dtype} 96 becomes 96.0 in fp32, and nothing is said")
sys.exit(0 if all(silent.values()) else 1)
PY
"$folder/venv/bin/python" "$folder/finding.py" "$folder"
