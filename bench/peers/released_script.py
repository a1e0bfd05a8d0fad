"""What the authors' `run.py` does, against `trainer serve` of an imported fake of the released weights.

Its tokenizer (`use_fast=False, add_eos_token=True`) is that of the fake's own folder. A prompt is `<s>` and the ids of
a picture's bytes up to its n-th marker FF D7; ten continuations of each are asked for in one request, of the model
`jpeglm`. What comes back is put behind the prompt's bytes, the tables are put in, and djpeg opens it.

    bench/peers/setup.sh && bench/peers/.venv/bin/python bench/peers/released_script.py [--pictures 3] [--engine wasm]

Exits with 1 when a continuation does not open under `djpeg -strict`, or when ids are not sentencepiece's.
"""
import argparse
import io
import json
import pathlib
import subprocess
import sys
import tempfile
import urllib.request

import numpy
import sentencepiece
import torch
import transformers
from PIL import Image

import fakes

ROOT = pathlib.Path(__file__).parents[2]
SIDE, CONTINUATIONS, MOST_TOKENS = 64, 10, 2000
MARKER = b"\xff\xd7"

parser = argparse.ArgumentParser()
parser.add_argument("--pictures", type=int, default=3)
parser.add_argument("--marker", type=int, default=1)
parser.add_argument("--engine", default="auto", choices=["auto", "wasm", "native"])
args = parser.parse_args()


def trainer(*words, **options):
    command = ["node", "bin/trainer.js", *map(str, words)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, **options)


def tables():
    """The tables that canonical bytes leave out, as a stream of their own holds them."""
    file = io.BytesIO()
    Image.new("RGB", (SIDE, SIDE)).save(file, "jpeg", quality=25, subsampling="4:2:0", streamtype=1)
    return file.getvalue()[2:-2]


def beginning(data):
    """Up to the n-th marker, which is given too."""
    end = 0
    for _ in range(args.marker):
        end = data.index(MARKER, end) + len(MARKER)
    return data[:end]


def ids_of(tokenizer, data):
    """Without the specials that the tokenizer puts around."""
    ids = tokenizer(fakes.braille(data))["input_ids"]
    return [token for token in ids if token not in tokenizer.all_special_ids]


def complete(url, prompt):
    body = {
        "model": "jpeglm", "prompt": [prompt] * CONTINUATIONS, "max_tokens": MOST_TOKENS - len(prompt),
        "temperature": 1.0, "top_p": 0.9, "top_k": 50, "seed": 4, "stream": False,
        "spaces_between_special_tokens": False}
    request = urllib.request.Request(
        f"{url}/v1/completions", json.dumps(body).encode(), {"content-type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)["choices"]


def opens(document):
    file = document[:2] + tables() + document[2:]
    done = subprocess.run(["djpeg", "-strict"], input=file, capture_output=True)
    return done.returncode == 0 and not done.stderr and len(done.stdout) > SIDE * SIDE * 3


def judge(name, folder, tokenizer_file, rng):
    source, checkpoint = folder / name, folder / f"{name}-imported"
    pieces = sentencepiece.SentencePieceProcessor(model_proto=tokenizer_file)
    fakes.save(source, fakes.llama(pieces.vocab_size(), torch.bfloat16, seed=3), tokenizer_file, torch.bfloat16)
    if trainer("import", "--from", source, "--to", checkpoint, "--size", SIDE).wait() != 0:
        raise SystemExit("trainer import failed")
    tokenizer = transformers.AutoTokenizer.from_pretrained(source, use_fast=False, add_eos_token=True)
    server = trainer("serve", "--checkpoint", checkpoint, "--port", 0, "--max-tokens", MOST_TOKENS,
                     "--batch", CONTINUATIONS, "--engine", args.engine)
    good = continuations = differing = 0
    try:
        url = server.stdout.readline().strip()
        for _ in range(args.pictures):
            given = beginning(fakes.document(rng, SIDE))
            ids = pieces.encode(fakes.braille(given))
            differing += ids_of(tokenizer, given) != ids
            choices = complete(url, [fakes.BOS, *ids])
            for choice in choices:
                continuation = bytes(ord(letter) - 0x2800 for letter in choice["text"])
                good += choice["finish_reason"] == "stop" and opens(given + continuation)
            continuations += len(choices)
            if len({choice["text"] for choice in choices}) != CONTINUATIONS:
                raise SystemExit("continuations of a prompt are alike")
    finally:
        server.terminate()
        server.wait()
    print(f"{name}: {good} of {continuations} continuations open; transformers {transformers.__version__} "
          f"gives other ids than sentencepiece for {differing} of {args.pictures} prompts")
    return good == continuations == CONTINUATIONS * args.pictures


rng = numpy.random.default_rng(11)
corpus = [fakes.document(rng, 32) for _ in range(200)]
with tempfile.TemporaryDirectory() as temporary:
    folder = pathlib.Path(temporary)
    kinds = {"prefix": fakes.learn(corpus), "no-prefix": fakes.learn(corpus, add_dummy_prefix=False)}
    results = [judge(name, folder, tokenizer, rng) for name, tokenizer in kinds.items()]
sys.exit(not all(results))
