"""What llama.cpp and the package `gguf` make of a GGUF file. Reads one JSON job from standard input.

    {"file": …, "ids": [<bos> … ], "text": …, "prompt": 8, "tokens": 24}

Writes one JSON value: the reader's metadata and tensors, the ids of `text`, the logits behind each of
`ids`, and a greedy continuation of the first `prompt` of them.
"""
import json
import sys

import gguf
import llama_cpp
import numpy


def metadata_of(path):
    reader = gguf.GGUFReader(path)
    values = {key: field.contents() for key, field in reader.fields.items() if not key.startswith("GGUF.")}
    tensors = {tensor.name: [tensor.tensor_type.name, tensor.shape.tolist()] for tensor in reader.tensors}
    return values, tensors


def greedy(model, ids, count):
    model.reset()
    model.eval(ids)
    drawn = []
    for _ in range(count):
        drawn.append(int(numpy.argmax(model.scores[model.n_tokens - 1])))
        model.eval(drawn[-1:])
    return drawn


def main():
    job = json.load(sys.stdin)
    values, tensors = metadata_of(job["file"])
    ids = job["ids"]
    room = max(len(ids), job["prompt"] + job["tokens"]) + 1
    model = llama_cpp.Llama(
        job["file"], n_ctx=room, n_batch=room, n_threads=2, logits_all=True, verbose=False,
        # fp16 is the default of the cache and costs more than the weights' own rounding.
        type_k=llama_cpp.GGML_TYPE_F32, type_v=llama_cpp.GGML_TYPE_F32)
    model.eval(ids)
    logits = model.scores[: len(ids)].tolist()
    print(json.dumps({
        "metadata": values, "tensors": tensors, "logits": logits,
        "ids": model.tokenize(job["text"].encode(), add_bos=True, special=False),
        "bytes": model.detokenize(ids).decode(),
        "greedy": greedy(model, ids[: job["prompt"]], job["tokens"]),
    }, default=lambda value: value.item()))


main()
