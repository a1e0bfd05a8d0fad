"""Draws with llama.cpp's C API and prints tokens per second and tokens per second of CPU time.

    llama_cpp_draw.py FILE.gguf BATCH TOKENS THREADS

Each step decodes one token of every sequence and takes the likeliest next one. Loading and the first
tokens are not counted.
"""
import sys
import time

import llama_cpp as api
import numpy

path = sys.argv[1]
batch, tokens, threads = map(int, sys.argv[2:5])

# The library keeps only its address, so Python must not free it.
silent = api.llama_log_callback(lambda level, text, data: None)

api.llama_backend_init()
api.llama_log_set(silent, None)
model = api.llama_model_load_from_file(path.encode(), api.llama_model_default_params())
vocab = api.llama_model_get_vocab(model)
size = api.llama_vocab_n_tokens(vocab)
params = api.llama_context_default_params()
params.n_ctx = batch * (-(-(tokens + 1) // 256) * 256)
params.n_batch = params.n_ubatch = batch
params.n_seq_max = batch
params.n_threads = params.n_threads_batch = threads
context = api.llama_init_from_model(model, params)
step = api.llama_batch_init(batch, 0, 1)
ids = [api.llama_vocab_bos(vocab)] * batch


def decode(position):
    step.n_tokens = batch
    for sequence in range(batch):
        step.token[sequence] = ids[sequence]
        step.pos[sequence] = position
        step.n_seq_id[sequence] = 1
        step.seq_id[sequence][0] = sequence
        step.logits[sequence] = True
    if api.llama_decode(context, step) != 0:
        raise SystemExit("llama_decode failed")
    for sequence in range(batch):
        logits = numpy.ctypeslib.as_array(api.llama_get_logits_ith(context, sequence), (size,))
        ids[sequence] = int(logits.argmax())


for position in range(min(64, tokens // 4)):
    decode(position)
api.llama_memory_clear(api.llama_get_memory(context), True)
start, before = time.perf_counter(), time.process_time()
for position in range(tokens):
    decode(position)
seconds, cpu = time.perf_counter() - start, time.process_time() - before
print(batch * tokens / seconds, batch * tokens / cpu)
