"""The `openai` package of PyPI against a server. stdin: {url, model, key, prompt}; prints what it saw as JSON."""

import json
import sys

import openai

plan = json.load(sys.stdin)
client = openai.OpenAI(base_url=f"{plan['url']}/v1", api_key=plan["key"], max_retries=0)
create = client.completions.create
prompt = plan["prompt"]

plain = create(model=plan["model"], prompt=prompt, seed=7)
rated = create(model=plan["model"], prompt=prompt, seed=7, max_tokens=5, logprobs=2, echo=True)
stream = create(
    model=plan["model"], prompt=prompt, seed=7, stream=True, stream_options={"include_usage": True}
)
pieces = list(stream)
whole = create(
    model=plan["model"], prompt=prompt, seed=7, extra_body={"response_format": {"type": "image"}}
)
try:
    client.models.retrieve("no-such-model")
    missing = "found"
except openai.NotFoundError as error:
    missing = {"param": error.param, "type": error.type}
try:
    openai.OpenAI(base_url=f"{plan['url']}/v1", api_key="wrong", max_retries=0).models.list()
    denied = "let in"
except openai.AuthenticationError as error:
    denied = error.type

print(
    json.dumps(
        {
            "version": openai.__version__,
            "models": [model.id for model in client.models.list()],
            "retrieved": client.models.retrieve(plan["model"]).id,
            "missing": missing,
            "denied": denied,
            "tokens": plain.usage.completion_tokens,
            "text": plain.choices[0].text,
            "streamed": "".join(p.choices[0].text for p in pieces if p.choices),
            "nullUsage": all(p.usage is None for p in pieces[:-1]),
            "lastUsage": pieces[-1].usage.completion_tokens,
            "logprobs": len(rated.choices[0].logprobs.token_logprobs),
            "file": whole.choices[0].file["url"][:40],
            "finish": whole.choices[0].finish_reason,
        }
    )
)
