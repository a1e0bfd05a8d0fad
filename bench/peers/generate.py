"""Tokens per second, and tokens per second of CPU time, of transformers' generate with its KV cache, fp32;
loading not counted.

    bench/peers/.venv/bin/python bench/peers/generate.py CHECKPOINT BATCH TOKENS THREADS
"""
import sys
import time

import torch
from transformers import LlamaForCausalLM

checkpoint = sys.argv[1]
batch, tokens, threads = (int(text) for text in sys.argv[2:5])
torch.set_num_threads(threads)
torch.manual_seed(1)
model = LlamaForCausalLM.from_pretrained(checkpoint, dtype=torch.float32).eval()
prompt = torch.full((batch, 1), model.config.bos_token_id)
options = {
    "attention_mask": torch.ones_like(prompt),
    "do_sample": True,
    "temperature": 1.0,
    "top_k": 40,
    "top_p": 0.9,
    "pad_token_id": model.config.pad_token_id,
}
with torch.inference_mode():
    model.generate(prompt, max_new_tokens=8, min_new_tokens=8, **options)
    start, before = time.perf_counter(), time.process_time()
    ids = model.generate(prompt, max_new_tokens=tokens, min_new_tokens=tokens, **options)
    seconds, cpu = time.perf_counter() - start, time.process_time() - before
assert ids.shape == (batch, tokens + 1), ids.shape
print(batch * tokens / seconds, batch * tokens / cpu)
