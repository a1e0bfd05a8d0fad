"""`trainer import` against sentencepiece and transformers: fakes of the released weights.

Ids of 200 documents with tokenizers of several kinds (with and without dummy prefix, specials anywhere,
equal scores, orphans, bytes without a piece), and bits per byte of models that torch saved.

    bench/peers/setup.sh && bench/peers/.venv/bin/python bench/peers/compare_import.py [--documents 200]

Exits with 1 when an id differs, or bits per byte by more than 1e-5.
"""
import argparse
import json
import pathlib
import random
import subprocess
import sys
import tempfile

import numpy
import sentencepiece
import torch

import fakes

ROOT = pathlib.Path(__file__).parents[2]
parser = argparse.ArgumentParser()
parser.add_argument("--documents", type=int, default=200)
parser.add_argument("--seed", type=int, default=7)
args = parser.parse_args()
rng = numpy.random.default_rng(args.seed)
shuffler = random.Random(args.seed)
corpus = [fakes.document(rng, 32) for _ in range(300)]
documents = [fakes.document(rng, int(rng.choice([16, 32, 48, 64]))) for _ in range(args.documents - 20)]
documents += [rng.bytes(int(rng.integers(0, 900))) for _ in range(20)]


def ties(pieces):
    for piece in pieces:
        if piece.type == 1 and len(piece.piece) > 1:
            piece.score = -(int(-piece.score) // 7)
    return pieces


def orphans(pieces):
    """Without some bytes, and without some of the pieces that longer ones are joined of."""
    gone = lambda i, text: (len(text) == 1 and ord(text) % 17 == 3) or (len(text) == 2 and i % 5 == 0)
    return [piece for i, piece in enumerate(pieces) if piece.type != 1 or not gone(i, piece.piece)]


def shuffled(pieces):
    shuffler.shuffle(pieces)
    return pieces


plain, wide = fakes.learn(corpus), fakes.learn(corpus, vocab_size=600)
tokenizers = {
    "plain": plain,
    "no-prefix": fakes.learn(corpus, add_dummy_prefix=False),
    "wide": wide,
    "specials": fakes.learn(corpus, unk_id=5, bos_id=9, eos_id=3, pad_id=7),
    "pad": fakes.learn(corpus, pad_id=3, control_symbols=["<x>"]),
    "coverage": fakes.learn(corpus, character_coverage=0.98, vocab_size=300),
    "ties": fakes.edited(wide, ties),
    "orphans": fakes.edited(wide, orphans),
    "shuffled": fakes.edited(plain, shuffled),
    "prefix-unknown": fakes.edited(plain, lambda pieces: [p for p in pieces if "\u2581" not in p.piece]),
}
models = {
    "plain": dict(dtype=torch.bfloat16, parts=1), "no-prefix": dict(dtype=torch.float16, parts=3),
    "wide": dict(dtype=torch.float32, parts=1), "pad": dict(dtype=torch.float64, parts=2),
}
with tempfile.TemporaryDirectory() as temporary:
    folder = pathlib.Path(temporary)
    (folder / "documents.json").write_text(json.dumps([data.hex() for data in documents]))
    expected = {}
    for name, tokenizer in tokenizers.items():
        (folder / name).mkdir()
        (folder / name / "tokenizer.model").write_bytes(tokenizer)
        pieces = sentencepiece.SentencePieceProcessor(model_proto=tokenizer)
        expected[name] = [pieces.encode(fakes.braille(data)) for data in documents]
        if name in models:
            model = fakes.llama(pieces.vocab_size(), models[name]["dtype"], seed=len(name))
            fakes.save(folder / name, model, tokenizer, **models[name])
            ids = [fakes.BOS, *expected[name][0], fakes.EOS]
            models[name]["bits"] = fakes.bits_per_byte(model, ids, len(documents[0]))
    subprocess.run(["node", "bin/start.js", "bench/peers/import.ts", folder], cwd=ROOT, check=True)
    failed = False
    for name in tokenizers:
        ours = json.loads((folder / name / "ours.json").read_text())
        equal = sum(a == b for a, b in zip(ours["ids"], expected[name], strict=True))
        failed |= equal != len(documents)
        line = f"{name:16} {equal} of {len(documents)} documents have equal ids"
        if name in models:
            difference = abs(ours["bits"] - models[name]["bits"])
            failed |= difference > 1e-5
            line += f"; {ours['bits']:.6f} bits per byte, difference {difference:.1e}"
        print(line)
sys.exit(failed)
