"""Training steps here and in PyTorch: the same Llama, the same batch size, fp32, two threads.
PyTorch: transformers' LlamaForCausalLM with SDPA, clip_grad_norm_, fused AdamW.

    bench/peers/.venv/bin/python bench/peers/train_step.py [--heads 8] [--batch 4] [--time 512] [--steps 5]

Prints tokens/s of the best step by wall time and by CPU time, and the ratios. On a busy machine
only the ratio of two runs made back to back means something, and PyTorch's threads wait in loops.
"""
import argparse
import json
import pathlib
import resource
import subprocess
import time

import torch
from transformers import LlamaConfig, LlamaForCausalLM

ROOT = pathlib.Path(__file__).parents[2]


def ours(args):
    command = ["node", "bin/start.js", "bench/train-step.ts"]
    for name, value in vars(args).items():
        command += [f"--{name}", str(value)]
    return json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout)


def theirs(args):
    torch.set_num_threads(2)
    model = LlamaForCausalLM(LlamaConfig(
        vocab_size=args.vocab, hidden_size=args.hidden, num_hidden_layers=args.layers,
        num_attention_heads=args.heads, num_key_value_heads=args.heads, intermediate_size=args.intermediate,
        max_position_embeddings=args.time, attn_implementation="sdpa")).float()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, betas=(0.9, 0.95), weight_decay=0.1, fused=True)
    inputs, targets = torch.randint(0, args.vocab, (2, args.batch, args.time))
    wall, cpu = [], []
    for _ in range(args.steps):
        started, used = time.perf_counter(), time.process_time()
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(inputs).logits.flatten(0, 1), targets.flatten()).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        wall.append(time.perf_counter() - started)
        cpu.append(time.process_time() - used)
    tokens = args.batch * args.time
    return {"tokensPerSecond": tokens / min(wall), "tokensPerCpuSecond": tokens / min(cpu),
            "peakMemory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, default in {"vocab": 579, "hidden": 256, "layers": 4, "heads": 8, "intermediate": 640,
                          "batch": 4, "time": 512, "steps": 5}.items():
        parser.add_argument(f"--{name}", type=int, default=default)
    args = parser.parse_args()
    here, peer = ours(args), theirs(args)
    print(f"{here['parameters'] / 1e6:.1f} M parameters, {here['tokens']} tokens a step, backend {here['backend']}")
    for key, unit in {"tokensPerSecond": "tokens/s", "tokensPerCpuSecond": "tokens/CPU s", "peakMemory": "bytes at peak"}.items():
        print(f"{unit:14} here {here[key]:13,.0f}   PyTorch {peer[key]:13,.0f}   ratio {here[key] / peer[key]:.2f}")


if __name__ == "__main__":
    main()
