"""Scores and continues documents with lm-evaluation-harness: over HTTP (`local-completions`) and in
transformers (`hf`). Reads a JSON plan on stdin, prints {mode: [value per document]} as JSON.

plan: url, model (name), tokenizer (folder of the checkpoint), maxLength, documents: [{text, bytes}], prompts: [text]
A document's text is braille with "<eos>" behind it: what is not in the text is not scored.
"""

import contextlib
import json
import math
import os
import sys

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"

from lm_eval.api.instance import Instance
from lm_eval.models.huggingface import HFLM
from lm_eval.models.openai_completions import LocalCompletionsAPI


def requests_of(kind, arguments):
    return [
        Instance(request_type=kind, doc={}, arguments=a, idx=i) for i, a in enumerate(arguments)
    ]


def bits_per_byte(nats, documents):
    return [-n / math.log(2) / d["bytes"] for n, d in zip(nats, documents, strict=True)]


def scores(lm, documents, halves=False):
    """Bits per byte as loglikelihood, of a whole document or of its second half alone."""
    if halves:
        pairs = [(d["text"][: d["cut"]], d["text"][d["cut"] :]) for d in documents]
    else:
        pairs = [("", d["text"]) for d in documents]
    answers = lm.loglikelihood(requests_of("loglikelihood", pairs), disable_tqdm=True)
    return bits_per_byte([a[0] for a in answers], documents)


def rolling(lm, documents):
    texts = [(d["text"],) for d in documents]
    nats = lm.loglikelihood_rolling(requests_of("loglikelihood_rolling", texts), disable_tqdm=True)
    return bits_per_byte(nats, documents)


def continuations(lm, prompts, **more):
    arguments = {"until": [], "max_gen_toks": 24, "temperature": 0, **more}
    asked = requests_of("generate_until", [(p, dict(arguments)) for p in prompts])
    return lm.generate_until(asked, disable_tqdm=True)


def run(plan):
    documents, prompts = plan["documents"], plan["prompts"]

    def api(**more):
        return LocalCompletionsAPI(
            model=plan["model"],
            base_url=f"{plan['url']}/v1/completions",
            tokenizer=plan["tokenizer"],
            max_length=plan["maxLength"],
            max_retries=1,
            **more,
        )

    def hf(**more):
        return HFLM(
            pretrained=plan["tokenizer"], device="cpu", dtype="float32", batch_size=1,
            max_length=plan["maxLength"], **more,
        )

    result = {}
    result["rolling, ids"] = rolling(api(), documents)
    result["rolling, text"] = rolling(api(tokenized_requests=False), documents)
    result["rolling, 4 at once"] = rolling(api(num_concurrent=4), documents)
    result["rolling, add_bos_token"] = rolling(api(add_bos_token=True), documents)
    result["loglikelihood, ids"] = scores(api(), documents)
    result["loglikelihood, batches of 2"] = scores(api(batch_size=2), documents)
    result["loglikelihood, text"] = scores(api(tokenized_requests=False), documents)
    result["loglikelihood, add_bos_token"] = scores(api(add_bos_token=True), documents)
    result["second halves, add_bos_token"] = scores(api(add_bos_token=True), documents, halves=True)
    result["hf: rolling"] = rolling(hf(add_bos_token=False), documents)
    result["hf: rolling, add_bos_token"] = rolling(hf(add_bos_token=True), documents)
    result["hf: loglikelihood"] = scores(hf(), documents)
    result["hf: loglikelihood, add_bos_token"] = scores(hf(add_bos_token=True), documents)
    result["hf: second halves, add_bos_token"] = scores(hf(add_bos_token=True), documents, halves=True)
    result["generate_until"] = continuations(api(add_bos_token=True), prompts)
    free = {"grammar": "off"}
    result["generate_until, grammar off"] = continuations(api(add_bos_token=True), prompts, **free)
    result["generate_until, text, grammar off"] = continuations(
        api(tokenized_requests=False), prompts, **free
    )
    result["hf: generate_until"] = continuations(hf(add_bos_token=True), prompts)
    return result


if __name__ == "__main__":
    # The harness prints progress to stdout as well.
    with contextlib.redirect_stdout(sys.stderr):
        answer = run(json.load(sys.stdin))
    print(json.dumps(answer))
