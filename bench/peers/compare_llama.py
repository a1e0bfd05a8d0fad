"""Llama here against transformers' LlamaForCausalLM and torch.optim.AdamW, in fp32 on a CPU.

The same weights and batch go to both. Compared: logits, loss, every gradient, and the weights,
losses and gradient norms of 50 steps of AdamW with clipping, warm-up and cosine. A model saved by
transformers is loaded here, and the one saved here again by transformers.

    bench/peers/.venv/bin/python bench/peers/compare_llama.py [--hidden 256] [--time 512] [--steps 50]

Exits with 1 when a difference is over its limit.
"""
import argparse
import json
import math
import pathlib
import subprocess
import sys
import tempfile

import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM, Qwen3Config, Qwen3ForCausalLM

ROOT = pathlib.Path(__file__).parents[2]


def make_model(args):
    torch.manual_seed(args.seed)
    # A Llama with QK-norm is what transformers calls Qwen3.
    kind, make = (Qwen3Config, Qwen3ForCausalLM) if args.qk_norm else (LlamaConfig, LlamaForCausalLM)
    config = kind(
        vocab_size=args.vocab, hidden_size=args.hidden, num_hidden_layers=args.layers,
        num_attention_heads=args.heads, num_key_value_heads=args.kv_heads, head_dim=args.hidden // args.heads,
        intermediate_size=args.intermediate, max_position_embeddings=args.time, rms_norm_eps=1e-5,
        tie_word_embeddings=args.tied, bos_token_id=args.vocab - 3, eos_token_id=args.vocab - 2,
        pad_token_id=args.vocab - 1, attn_implementation="eager")
    model = make(config).float()
    with torch.no_grad():  # norms that are all 1 would hide a mistake
        for name, parameter in model.named_parameters():
            if parameter.dim() == 1:
                parameter.add_(0.2 * torch.randn_like(parameter))
            elif "embed" not in name:
                parameter.mul_(args.gain)
    return model


def make_job(args):
    generator = torch.Generator().manual_seed(args.seed)
    ids = torch.randint(0, args.vocab - 3, (args.batch, args.time + 1), generator=generator)
    inputs, targets = ids[:, :-1], ids[:, 1:].clone()
    targets[0, :3] = -1
    return {
        "batch": args.batch, "time": args.time, "steps": args.steps,
        "inputs": inputs.flatten().tolist(), "targets": targets.flatten().tolist(),
        "schedule": {"lr": 1e-3, "minLr": 1e-4, "warmupSteps": max(1, args.steps // 5), "steps": args.steps},
        "clipNorm": 1.0,
        "optimizer": {"betas": [0.9, 0.95], "eps": 1e-8, "weightDecay": 0.1},
    }


def loss_of(logits, targets):
    return torch.nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=-1)


def learning_rate(step, schedule):
    warmup, steps, low, high = schedule["warmupSteps"], schedule["steps"], schedule["minLr"], schedule["lr"]
    if step < warmup:
        return high * (step + 1) / warmup
    progress = (step - warmup) / (steps - warmup)
    return low + 0.5 * (high - low) * (1 + math.cos(math.pi * progress))


def theirs(model, job):
    shape = (job["batch"], job["time"])
    inputs = torch.tensor(job["inputs"]).view(shape)
    targets = torch.tensor(job["targets"]).view(shape)
    logits = model(inputs).logits
    loss_of(logits, targets).backward()
    results = {"logits": logits.detach().clone()}
    for name, parameter in model.named_parameters():
        results[f"gradient.{name}"] = parameter.grad.clone()
    o = job["optimizer"]
    groups = [
        {"params": [p for p in model.parameters() if p.dim() > 1], "weight_decay": o["weightDecay"]},
        {"params": [p for p in model.parameters() if p.dim() == 1], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=1.0, betas=tuple(o["betas"]), eps=o["eps"])
    losses, norms = [], []
    for step in range(job["steps"]):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, job["schedule"])
        optimizer.zero_grad()
        loss = loss_of(model(inputs).logits, targets)
        loss.backward()
        losses.append(loss.item())
        norms.append(torch.nn.utils.clip_grad_norm_(model.parameters(), job["clipNorm"]).item())
        optimizer.step()
    for name, parameter in model.named_parameters():
        results[f"trained.{name}"] = parameter.detach().clone()
    results["losses"] = torch.tensor(losses)
    results["norms"] = torch.tensor(norms)
    return results


def relative(a, b):
    """Largest difference over the largest value of the tensor."""
    return ((a - b).abs().max() / b.abs().max().clamp_min(1e-30)).item()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, default in {"vocab": 579, "hidden": 256, "layers": 4, "heads": 8, "kv-heads": 8,
                          "intermediate": 640, "batch": 2, "time": 160, "steps": 50, "seed": 0}.items():
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--tied", action="store_true")
    parser.add_argument("--qk-norm", action="store_true")
    parser.add_argument("--gain", type=float, default=3.0, help="widens the initial matrices, so that attention is far from uniform")
    parser.add_argument("--limit-trained", type=float, default=1e-2)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        model, job = make_model(args), make_job(args)
        model.save_pretrained(folder / "model")
        (folder / "batch.json").write_text(json.dumps(job))
        subprocess.run(["node", "bin/start.js", "bench/peers/llama.ts", str(folder)], cwd=ROOT, check=True)
        ours, peer = load_file(folder / "ours.safetensors"), theirs(model, job)
        again = AutoModelForCausalLM.from_pretrained(folder / "resaved", attn_implementation="eager", dtype=torch.float32)
        ids = torch.tensor(job["inputs"]).view(job["batch"], job["time"])
        with torch.no_grad():
            resaved = (again(ids).logits - ours["logits"]).abs().max().item()
    gradients = {n: relative(ours[n], peer[n]) for n in peer if n.startswith("gradient.")}
    trained = {n: relative(ours[n], peer[n]) for n in peer if n.startswith("trained.")}
    rows = [
        ("logits, max abs", (ours["logits"] - peer["logits"]).abs().max().item(), 1e-3),
        ("logits of the checkpoint saved here, in transformers, max abs", resaved, 1e-3),
        ("loss, relative", relative(ours["losses"][:1], peer["losses"][:1]), 1e-4),
        (f"gradients, relative, worst of {len(gradients)} ({max(gradients, key=gradients.get)})", max(gradients.values()), 1e-4),
        (f"losses of {args.steps} AdamW steps, relative", relative(ours["losses"], peer["losses"]), 1e-3),
        (f"gradient norms of {args.steps} steps, relative", relative(ours["norms"], peer["norms"]), 1e-2),
        (f"weights after {args.steps} steps, relative, worst ({max(trained, key=trained.get)})", max(trained.values()), args.limit_trained),
    ]
    for name, value, limit in rows:
        print(f"{'ok  ' if value <= limit else 'OVER'} {value:9.2e}  (limit {limit:.0e})  {name}")
    print(f"loss {peer['losses'][0]:.4f} -> {peer['losses'][-1]:.4f} (transformers), {ours['losses'][-1]:.4f} (here)")
    sys.exit(any(value > limit for _, value, limit in rows))


if __name__ == "__main__":
    main()
