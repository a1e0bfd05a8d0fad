"""Writes filters.json: distributions of Hugging Face transformers' warpers on random logits.

    python make_filters.py > filters.json      (needs torch and transformers)
"""
import json

import torch
from transformers import (
    MinPLogitsWarper,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

torch.manual_seed(0)
logits = (torch.randn(1, 48) * 2).float()
cases = []
for temperature in (0.5, 1.0, 1.7):
    for top_k in (0, 1, 5, 40):
        for top_p, min_p in ((0.3, 0), (0.9, 0), (1.0, 0), (0.9, 0.05), (1.0, 0.3)):
            scores = logits.clone()
            warpers = [TemperatureLogitsWarper(temperature)] if temperature != 1 else []
            warpers += [TopKLogitsWarper(top_k)] if top_k else []
            warpers += [TopPLogitsWarper(top_p)] if top_p < 1 else []
            warpers += [MinPLogitsWarper(min_p)] if min_p else []
            for warper in warpers:
                scores = warper(None, scores)
            probabilities = torch.softmax(scores.double(), -1)[0].tolist()
            settings = {"temperature": temperature, "topK": top_k, "topP": top_p, "minP": min_p}
            cases.append({"settings": settings, "probabilities": [round(p, 7) for p in probabilities]})
print(json.dumps({"logits": logits[0].tolist(), "cases": cases}))
