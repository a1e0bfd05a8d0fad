#!/bin/sh
# lm-evaluation-harness 0.4.13, local-completions: loglikelihood_rolling puts the prefix token in front of what the
# tokenizer gives, so with add_bos_token=True the prompt begins with two <bos> and the second one is scored as a part
# of the document; loglikelihood of the same document takes one away. generate_until puts none in front, while its `hf`
# model does for the same tokenizer.
# For us: docs/sampling.md says which setting goes with which request; the grammar of trainer/serve/generation.ts begins
# behind the last <bos>.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --disable-pip-version-check --quiet \
  "lm_eval[api]==0.4.13" tokenizers==0.23.3 transformers==5.24.0
cat >"$folder/finding.py" <<'PY'
import sys
from importlib.metadata import version

from lm_eval.api.instance import Instance
from lm_eval.models.openai_completions import LocalCompletionsAPI
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

folder = sys.argv[1] + "/tokenizer"
words = {"<bos>": 0, "<eos>": 1, "one": 2, "two": 3, "three": 4}
tokenizer = Tokenizer(models.WordLevel(words, unk_token="<eos>"))
tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
tokenizer.post_processor = processors.TemplateProcessing(
    single="<bos> $A", special_tokens=[("<bos>", 0)]
)
PreTrainedTokenizerFast(
    tokenizer_object=tokenizer, bos_token="<bos>", eos_token="<eos>"
).save_pretrained(folder)


class Recorder(LocalCompletionsAPI):
    """Keeps the prompts that would be sent, and answers that every token has probability 1/e."""

    def model_call(self, messages, *, generate=True, **more):
        self.sent = messages[0]
        entries = len(self.sent) + 1
        rated = {"token_logprobs": [None] + [-1.0] * (entries - 1), "top_logprobs": [{"": -1.0}] * entries}
        return {"choices": [{"index": 0, "logprobs": rated, "text": ""}]}


def ask(kind, arguments, **settings):
    lm = Recorder(model="m", base_url="http://localhost", tokenizer=folder, tokenizer_backend="huggingface", **settings)
    request = Instance(request_type=kind, doc={}, arguments=arguments, idx=0)
    answer = getattr(lm, kind)([request], disable_tqdm=True)[0]
    return lm.sent, answer


text = "one two three"
plain, plain_score = ask("loglikelihood_rolling", (text,))
twice, twice_score = ask("loglikelihood_rolling", (text,), add_bos_token=True)
single, (single_score, _) = ask("loglikelihood", ("", text), add_bos_token=True)
bare, _ = ask("generate_until", (text, {"until": [], "max_gen_toks": 1}))
seen = {
    f"rolling: {plain}, {plain_score}": plain == [0, 2, 3, 4] and plain_score == -3,
    f"rolling, add_bos_token=True: {twice}, {twice_score}": twice == [0, 0, 2, 3, 4] and twice_score == -4,
    f"loglikelihood, add_bos_token=True: {single}, {single_score}": single == [0, 2, 3, 4] and single_score == -3,
    f"generate_until: {bare}": bare == [2, 3, 4],
}
print("lm_eval", version("lm_eval"), "transformers", version("transformers"))
print("expected: one <bos> (0) in front of each prompt, three tokens scored")
for what, is_so in seen.items():
    print("seen:" if is_so else "no more:", what)
sys.exit(0 if all(seen.values()) else 1)
PY
"$folder/venv/bin/python" "$folder/finding.py" "$folder"
