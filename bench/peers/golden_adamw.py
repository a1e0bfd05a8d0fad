"""Makes test/golden/adamw: 50 steps of torch.optim.AdamW with clipping and torch's own schedulers
(linear warm-up, then a cosine) on gradients that are written down too.

    bench/peers/.venv/bin/python bench/peers/golden_adamw.py
"""
import json
import pathlib

import torch
from safetensors.torch import save_file

GOLDEN = pathlib.Path(__file__).parents[2] / "test" / "golden" / "adamw"
STEPS, WARMUP, LR, MIN_LR, CLIP = 50, 10, 1e-2, 1e-3, 1.0
OPTIONS = {"betas": [0.9, 0.95], "eps": 1e-8, "weightDecay": 0.1}

generator = torch.Generator().manual_seed(0)
weights = {"a.weight": torch.randn(3, 4, generator=generator), "norm.weight": torch.randn(5, generator=generator)}
# Norms from well below the limit to far above it.
gradients = {
    name: torch.stack([torch.randn(value.shape, generator=generator) * 10 ** (step % 5 - 2.5) for step in range(STEPS)])
    for name, value in weights.items()
}
parameters = {name: torch.nn.Parameter(value.clone()) for name, value in weights.items()}
optimizer = torch.optim.AdamW(
    [{"params": [parameters["a.weight"]], "weight_decay": OPTIONS["weightDecay"]},
     {"params": [parameters["norm.weight"]], "weight_decay": 0.0}],
    lr=LR, betas=tuple(OPTIONS["betas"]), eps=OPTIONS["eps"])
schedule = torch.optim.lr_scheduler.SequentialLR(
    optimizer,
    [torch.optim.lr_scheduler.LinearLR(optimizer, start_factor=1 / WARMUP, total_iters=WARMUP - 1),
     torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=STEPS - WARMUP, eta_min=MIN_LR)],
    milestones=[WARMUP])
expected = {f"gradient.{name}": value for name, value in gradients.items()}
expected |= {f"before.{name}": value for name, value in weights.items()}
history, norms, rates = {name: [] for name in weights}, [], []
for step in range(STEPS):
    for name, parameter in parameters.items():
        parameter.grad = gradients[name][step].clone()
    norms.append(torch.nn.utils.clip_grad_norm_(parameters.values(), CLIP).item())
    rates.append(optimizer.param_groups[0]["lr"])
    optimizer.step()
    schedule.step()
    for name, parameter in parameters.items():
        history[name].append(parameter.detach().clone())
expected |= {f"after.{name}": torch.stack(values) for name, values in history.items()}
expected |= {"norms": torch.tensor(norms), "rates": torch.tensor(rates, dtype=torch.float32)}
GOLDEN.mkdir(parents=True, exist_ok=True)
save_file(expected, GOLDEN / "expected.safetensors")
job = {"steps": STEPS, "clipNorm": CLIP, "optimizer": OPTIONS,
       "schedule": {"lr": LR, "minLr": MIN_LR, "warmupSteps": WARMUP, "steps": STEPS},
       "madeBy": f"torch {torch.__version__}"}
(GOLDEN / "job.json").write_text(json.dumps(job, indent=2) + "\n")
