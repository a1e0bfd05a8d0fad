"""What transformers makes of a text as a prompt. argv: folder of a checkpoint; prints JSON."""

import json
import os
import sys

os.environ["HF_HUB_OFFLINE"] = "1"

import torch
import transformers
from transformers import AutoModelForCausalLM, AutoTokenizer, pipeline

folder = sys.argv[1]
text = "".join(chr(0x2800 + byte) for byte in (0xFF, 0xD8, 0xFF, 0xE0, 0x00, 0x10))
model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
tokenizer = AutoTokenizer.from_pretrained(folder)
generate = pipeline("text-generation", model=model, tokenizer=tokenizer)
drawn = generate(text, max_new_tokens=5, do_sample=False, return_tensors=True)[0]
print(
    json.dumps(
        {
            "version": transformers.__version__,
            "bos": tokenizer.bos_token_id,
            "eos": tokenizer.eos_token_id,
            "plain": tokenizer(text).input_ids,
            "addBos": AutoTokenizer.from_pretrained(folder, add_bos_token=True)(text).input_ids,
            "bare": tokenizer(text, add_special_tokens=False).input_ids,
            "pair": tokenizer(text, text).input_ids,
            "pipeline": drawn["generated_token_ids"],
            "text": generate(text, max_new_tokens=5, do_sample=False)[0]["generated_text"],
        }
    )
)
