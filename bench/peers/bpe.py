"""What Hugging Face tokenizers, sentencepiece and transformers make of the same documents.

Usage: bpe.py COMMAND DOCUMENTS LENGTHS [ARG]...   (prints one JSON value)

DOCUMENTS holds documents end to end, LENGTHS a JSON list of their lengths in bytes. Seconds
are CPU time; nothing here runs in more than one thread.

  hf-learn MERGES             merges as id pairs, and the seconds it took
  hf-encode TOKENIZER_JSON    sha256 of all ids as little-endian uint16, and the seconds
  spm-learn MERGES            release, the bytes of each merged token as hex, and the seconds
  auto FOLDER                 what AutoTokenizer makes of the folder, fast and use_fast=False
  golden MERGES FOLDER        a tokenizer.json trained and saved by Hugging Face, with ids
"""

import hashlib
import json
import os
import sys
import tempfile
import time

os.environ["TOKENIZERS_PARALLELISM"] = "false"

BRAILLE = 0x2800
ALPHABET = [chr(BRAILLE + byte) for byte in range(256)]


def read_documents(path, lengths_path):
    with open(path, "rb") as file:
        text = file.read().decode("latin-1")
    text = text.translate({byte: ALPHABET[byte] for byte in range(256)})
    with open(lengths_path) as file:
        lengths = json.load(file)
    documents, at = [], 0
    for length in lengths:
        documents.append(text[at : at + length])
        at += length
    return documents


def hex_of(token):
    return bytes(ord(character) - BRAILLE for character in token).hex()


def train_hf(documents, merges, special_tokens=()):
    from tokenizers import Tokenizer, models, trainers

    tokenizer = Tokenizer(models.BPE())
    trainer = trainers.BpeTrainer(
        vocab_size=256 + merges + len(special_tokens),
        initial_alphabet=ALPHABET,
        special_tokens=list(special_tokens),
        show_progress=False,
    )
    start = time.process_time()
    tokenizer.train_from_iterator(documents, trainer)
    return tokenizer, time.process_time() - start


def hf_learn(documents, merges):
    tokenizer, seconds = train_hf(documents, int(merges))
    model = json.loads(tokenizer.to_str())["model"]
    vocab = model["vocab"]
    return {"merges": [[vocab[a], vocab[b]] for a, b in model["merges"]], "seconds": seconds}


def hf_encode(documents, path):
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(path)
    digest, tokens = hashlib.sha256(), 0
    # The better of two rounds: whatever else the machine does only ever slows.
    seconds = float("inf")
    for _ in range(2):
        start = time.process_time()
        for document in documents:
            tokenizer.encode(document, add_special_tokens=False)
        seconds = min(seconds, time.process_time() - start)
    for document in documents:
        ids = tokenizer.encode(document, add_special_tokens=False).ids
        tokens += len(ids)
        digest.update(b"".join(token.to_bytes(2, "little") for token in ids))
    return {"sha256": digest.hexdigest(), "tokens": tokens, "seconds": seconds}


def spm_learn(documents, merges):
    import sentencepiece

    characters = len(set().union(*map(set, documents)))
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "input.txt"), "w", encoding="utf-8") as file:
            file.writelines(document + "\n" for document in documents)
        start = time.process_time()
        sentencepiece.SentencePieceTrainer.train(
            input=os.path.join(folder, "input.txt"),
            model_prefix=os.path.join(folder, "model"),
            model_type="bpe",
            # Beside the merges: the characters seen, <unk>, <s> and </s>.
            vocab_size=int(merges) + characters + 3,
            character_coverage=1.0,
            normalization_rule_name="identity",
            add_dummy_prefix=False,
            remove_extra_whitespaces=False,
            split_by_whitespace=False,
            split_by_unicode_script=False,
            split_by_number=False,
            max_sentencepiece_length=512,
            max_sentence_length=1 << 30,
            num_threads=1,
            minloglevel=2,
        )
        seconds = time.process_time() - start
        with open(os.path.join(folder, "model.vocab"), encoding="utf-8") as file:
            pieces = [line.split("\t")[0] for line in file]
    tokens = [hex_of(piece) for piece in pieces[3:] if len(piece) > 1]
    return {"release": sentencepiece.__version__, "tokens": tokens, "seconds": seconds}


def auto(documents, folder):
    from transformers import AutoTokenizer

    result = {}
    for name, use_fast in (("fast", True), ("slow", False)):
        tokenizer = AutoTokenizer.from_pretrained(folder, use_fast=use_fast)
        ids = [tokenizer(document)["input_ids"] for document in documents]
        back = [tokenizer.decode(each, skip_special_tokens=True) for each in ids]
        result[name] = {
            "ids": ids,
            "decodesBack": back == documents,
            "specials": [tokenizer.bos_token_id, tokenizer.eos_token_id, tokenizer.pad_token_id],
            "size": len(tokenizer),
        }
    return result


def golden(documents, merges, folder):
    """With the specials first, as the trainer places them: every id differs from ours."""
    tokenizer, _ = train_hf(documents, int(merges), ["<unk>", "<s>", "</s>"])
    os.makedirs(folder, exist_ok=True)
    tokenizer.save(os.path.join(folder, "tokenizer.json"))
    ids = [tokenizer.encode(document).ids for document in documents]
    hexes = [hex_of(document) for document in documents]
    with open(os.path.join(folder, "documents.json"), "w") as file:
        json.dump([{"bytes": h, "ids": i} for h, i in zip(hexes, ids)], file)
        file.write("\n")
    return {"documents": len(documents)}


COMMANDS = {
    "hf-learn": hf_learn,
    "hf-encode": hf_encode,
    "spm-learn": spm_learn,
    "auto": auto,
    "golden": golden,
}


def main():
    if len(sys.argv) < 4 or sys.argv[1] not in COMMANDS:
        sys.exit(__doc__)
    documents = read_documents(sys.argv[2], sys.argv[3])
    json.dump(COMMANDS[sys.argv[1]](documents, *sys.argv[4:]), sys.stdout)


main()
