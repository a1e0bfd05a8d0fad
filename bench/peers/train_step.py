"""Training steps in PyTorch: transformers' LlamaForCausalLM with SDPA, clip_grad_norm_, fused AdamW.

    bench/peers/.venv/bin/python bench/peers/train_step.py [--threads 2] [--steps 5] [--heads 8]
        [--batch 4] [--time 512] [--bf16 1] [--checkpointing 1] [--compile 1] ...

The options and the line of JSON are those of bench/train-step.ts. `--bf16 1` is autocast. Run it
with OMP_WAIT_POLICY=PASSIVE on a machine that does other work too: its threads else wait in loops.
"""
import argparse
import json
import resource
import statistics
import time

import torch
from transformers import LlamaConfig, LlamaForCausalLM

DEFAULTS = {"vocab": 579, "hidden": 256, "layers": 4, "heads": 8, "intermediate": 640, "batch": 4,
            "time": 512, "steps": 5, "threads": 2, "bf16": 0, "checkpointing": 0, "compile": 0}


def train(args):
    torch.set_num_threads(args.threads)
    model = LlamaForCausalLM(LlamaConfig(
        vocab_size=args.vocab, hidden_size=args.hidden, num_hidden_layers=args.layers,
        num_attention_heads=args.heads, num_key_value_heads=args.heads, intermediate_size=args.intermediate,
        max_position_embeddings=args.time, attn_implementation="sdpa")).float()
    model.train()
    if args.checkpointing:
        model.gradient_checkpointing_enable()
    forward = torch.compile(model) if args.compile else model
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, betas=(0.9, 0.95), weight_decay=0.1, fused=True)
    inputs, targets = torch.randint(0, args.vocab, (2, args.batch, args.time))
    wall, cpu = [], []
    for _ in range(args.steps):
        started, used = time.perf_counter(), time.process_time()
        optimizer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=args.bf16 == 1):
            logits = forward(inputs, use_cache=False).logits
        torch.nn.functional.cross_entropy(logits.flatten(0, 1).float(), targets.flatten()).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        wall.append(time.perf_counter() - started)
        cpu.append(time.process_time() - used)
    first = 1 if args.steps > 1 else 0
    return {
        "backend": f"torch {torch.__version__}",
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "tokens": args.batch * args.time,
        "seconds": statistics.median(wall[first:]),
        "cpuSeconds": statistics.median(cpu[first:]),
        "peakMemory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, default in DEFAULTS.items():
        parser.add_argument(f"--{name}", type=int, default=default)
    print(json.dumps(train(parser.parse_args())))


if __name__ == "__main__":
    main()
