"""Makes test/golden/import: folders of the released kind, made by torch and sentencepiece, and what
sentencepiece and transformers compute with them, so that the tests need only Node.

    bench/peers/.venv/bin/python bench/peers/golden_import.py
"""
import json
import pathlib

import numpy
import sentencepiece
import torch
import transformers
from safetensors.torch import save_file

import fakes

GOLDEN = pathlib.Path(__file__).parents[2] / "test" / "golden" / "import"
CASES = {
    "prefix": dict(add_dummy_prefix=True, dtype=torch.bfloat16, parts=1, seed=1),
    "no-prefix": dict(add_dummy_prefix=False, dtype=torch.float16, parts=2, seed=2),
}
SIDE = 32

rng = numpy.random.default_rng(7)
corpus = [fakes.document(rng, SIDE) for _ in range(300)]
documents = [fakes.document(rng, SIDE) for _ in range(12)]
documents += [b"", documents[0][:1], documents[1][:40], bytes(range(256)), rng.bytes(500)]
for name, case in CASES.items():
    folder = GOLDEN / name
    tokenizer = fakes.learn(corpus, add_dummy_prefix=case["add_dummy_prefix"])
    pieces = sentencepiece.SentencePieceProcessor(model_proto=tokenizer)
    assert pieces.vocab_size() == 320
    model = fakes.llama(320, case["dtype"], case["seed"])
    fakes.save(folder / "model", model, tokenizer, case["dtype"], case["parts"])
    ids = [pieces.encode(fakes.braille(data)) for data in documents]
    whole = [fakes.BOS, *ids[0], fakes.EOS]
    save_file({"logits": fakes.logits_of(model, whole).contiguous()}, folder / "expected.safetensors")
    expected = {
        "madeBy": f"sentencepiece {sentencepiece.__version__}, torch {torch.__version__}, "
                  f"transformers {transformers.__version__}",
        "documents": [{"bytes": data.hex(), "ids": own} for data, own in zip(documents, ids)],
        "bitsPerByte": fakes.bits_per_byte(model, whole, len(documents[0])),
    }
    (folder / "expected.json").write_text(json.dumps(expected) + "\n")
