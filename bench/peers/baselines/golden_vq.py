"""Makes test/golden/vq: small random VQ models saved by diffusers, a picture, and the codes and
pictures that diffusers makes of it.

    bench/peers/.venv-baselines/bin/python bench/peers/baselines/golden_vq.py
"""
import json
import pathlib

import diffusers
import numpy
import torch
from diffusers import VQModel
from PIL import Image

GOLDEN = pathlib.Path(__file__).parents[3] / "test" / "golden" / "vq"
SIDE = 32
# As the ITHQ model of VQ-Diffusion: attention in the last block, codes narrower than the latents.
ITHQ = dict(
    down_block_types=("DownEncoderBlock2D", "DownEncoderBlock2D", "AttnDownEncoderBlock2D"),
    up_block_types=("AttnUpDecoderBlock2D", "UpDecoderBlock2D", "UpDecoderBlock2D"),
    block_out_channels=(4, 8, 16), layers_per_block=2, latent_channels=8, vq_embed_dim=6,
    num_vq_embeddings=300, norm_num_groups=2, sample_size=SIDE,
)
# As taming-transformers' f=4 models of latent diffusion: no attention but in the middle.
TAMING = dict(
    down_block_types=("DownEncoderBlock2D",) * 2, up_block_types=("UpDecoderBlock2D",) * 2,
    block_out_channels=(8, 8), layers_per_block=1, latent_channels=3,
    num_vq_embeddings=64, norm_num_groups=4, sample_size=SIDE,
)

random = numpy.random.default_rng(5)
GOLDEN.mkdir(parents=True, exist_ok=True)
waves = numpy.sin(numpy.arange(SIDE)[:, None, None] / 3 + numpy.arange(3)) + numpy.cos(
    numpy.arange(SIDE)[None, :, None] / 2
)
pixels = (127.5 + 50 * waves + random.normal(0, 25, (SIDE, SIDE, 3))).clip(0, 255).astype(numpy.uint8)
Image.fromarray(pixels).save(GOLDEN / "picture.png")
image = torch.tensor(pixels).permute(2, 0, 1)[None].float() / 255 * 2 - 1

for seed, (name, options) in enumerate({"ithq": ITHQ, "taming": TAMING}.items()):
    torch.manual_seed(seed)
    model = VQModel(**options).eval()
    with torch.no_grad():
        latents = model.encode(image).latents
        # Codes where the encoder's output lies, so that many of them are used.
        flat = latents.permute(0, 2, 3, 1).reshape(-1, latents.shape[1])
        book = flat.mean(0) + flat.std(0) * torch.randn(options["num_vq_embeddings"], flat.shape[1])
        model.quantize.embedding.weight.copy_(book)
        quantized, _, (_, _, codes) = model.quantize(latents)
        drawn = model.decode(latents).sample
    model.save_pretrained(GOLDEN / name)
    expected = {
        "madeBy": f"diffusers {diffusers.__version__}, torch {torch.__version__}",
        "codes": codes.reshape(-1).tolist(),
        "image": [round(value, 6) for value in drawn[0].permute(1, 2, 0).reshape(-1).tolist()],
    }
    (GOLDEN / name / "expected.json").write_text(json.dumps(expected) + "\n")
    print(name, "uses", len(set(expected["codes"])), "codes of", options["num_vq_embeddings"])
