"""Folders of `trainer evaluate prompts`: what a model that fills in pictures is given, and where its
completions go, so that `trainer evaluate run --row NAME=OUT` finds them.

    PROMPTS/ratio-0.5/{prompts,masks,originals}/00000000.png  ->  OUT/ratio-0.5/00000000.png
"""
import argparse
import pathlib

from PIL import Image


def options(description):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--prompts", required=True, type=pathlib.Path, help="folder of `trainer evaluate prompts`")
    parser.add_argument("--to", required=True, type=pathlib.Path, help="folder of the completions")
    parser.add_argument("--model", default=None, help="folder or name on the hub")
    parser.add_argument("--tiny", action="store_true", help="a small untrained model instead, made here: to try the wiring")
    parser.add_argument("--steps", type=int, default=None, help="steps of the sampler")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="cpu")
    return parser


def complete(arguments, work):
    """Calls work(prompt, given_rows, seed) -> picture for each prompt without a completion. Pictures
    appear whole, so the same command again goes on."""
    conditions = sorted(path for path in arguments.prompts.iterdir() if (path / "prompts").is_dir())
    if not conditions:
        raise SystemExit(f"{arguments.prompts} has no folder with prompts: is it of `trainer evaluate prompts`?")
    for condition in conditions:
        out = arguments.to / condition.name
        out.mkdir(parents=True, exist_ok=True)
        for path in sorted((condition / "prompts").glob("*.png")):
            target = out / path.name
            if target.exists():
                continue
            prompt = Image.open(path).convert("RGB")
            rows = given_rows(Image.open(condition / "masks" / path.name).convert("L"))
            seed = arguments.seed * 1_000_000 + int(path.stem)
            picture = work(prompt, rows, seed)
            if picture.size != prompt.size:
                picture = picture.resize(prompt.size, Image.BICUBIC)
            aside = target.with_suffix(".tmp")
            picture.save(aside, "PNG")
            aside.rename(target)
            print(target, flush=True)


def given_rows(mask):
    """Rows above the first white one."""
    for row in range(mask.height):
        if mask.getpixel((0, row)) > 127:
            return row
    return mask.height
