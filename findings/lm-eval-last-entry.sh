#!/bin/sh
# lm-evaluation-harness 0.4.13, local-completions: it asks for the log-probabilities of a prompt with echo and
# max_tokens: 1, and takes the last entry of the answer away as that of the token drawn, without counting. A server
# that draws the end of the text and reports no entry for it (there is no text) loses the document's last token: the
# score is too good, and nothing is said.
# For us: trainer/serve/choice.ts reports a drawn <eos> as a token like others.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --disable-pip-version-check --quiet "lm_eval[api]==0.4.13"
cat >"$folder/finding.py" <<'PY'
import sys
from importlib.metadata import version

from lm_eval.models.openai_completions import LocalCompletionsAPI

prompt = [None, -1.0, -2.0, -4.0]  # the first is the context, three tokens are to be scored


def score(drawn):
    """What the harness reads of an answer with these entries behind those of the prompt."""
    rated = prompt + drawn
    top = [None] + [{"": entry} for entry in rated[1:]]
    choice = {"index": 0, "logprobs": {"token_logprobs": rated, "top_logprobs": top}}
    answer = LocalCompletionsAPI.parse_logprobs({"choices": [choice]}, tokens=[[0, 1, 2, 3]], ctxlens=[1])
    return answer[0][0]


with_entry, without = score([-0.5]), score([])
print("lm_eval", version("lm_eval"))
print("expected: -7 for three tokens of -1, -2 and -4, or an error where entries are missing")
print(f"seen: {with_entry} with an entry for the token that was drawn, {without} without one")
sys.exit(0 if (with_entry, without) == (-7.0, -3.0) else 1)
PY
"$folder/venv/bin/python" "$folder/finding.py"
