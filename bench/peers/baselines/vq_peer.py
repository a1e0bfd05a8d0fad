"""diffusers' VQModel beside ours, for bench/vq/compare.ts.

    vq_peer.py make DIR SIZE           an untrained model of the paper's architecture, codes where its outputs lie
    vq_peer.py run DIR SIZE PIXELS     codes and pictures of raw RGB [count, SIZE, SIZE, 3], as JSON with CPU seconds
"""
import json
import sys
import time

import numpy
import torch
from diffusers import VQModel

torch.set_num_threads(1)
command, folder, size = sys.argv[1], sys.argv[2], int(sys.argv[3])

if command == "make":
    torch.manual_seed(0)
    model = VQModel(
        down_block_types=("DownEncoderBlock2D",) * 3 + ("AttnDownEncoderBlock2D",),
        up_block_types=("AttnUpDecoderBlock2D",) + ("UpDecoderBlock2D",) * 3,
        block_out_channels=(64, 128, 256, 512), layers_per_block=2, latent_channels=256,
        vq_embed_dim=128, num_vq_embeddings=4096, norm_num_groups=32, sample_size=size,
    ).eval()
    with torch.no_grad():
        latents = model.encode(torch.rand(2, 3, size, size) * 2 - 1).latents
        flat = latents.permute(0, 2, 3, 1).reshape(-1, latents.shape[1])
        book = flat.mean(0) + flat.std(0) * torch.randn(4096, flat.shape[1])
        model.quantize.embedding.weight.copy_(book)
    model.save_pretrained(folder)
    sys.exit()

model = VQModel.from_pretrained(folder).eval()
raw = numpy.fromfile(sys.argv[4], dtype=numpy.uint8).reshape(-1, size, size, 3)
answer = {"codes": [], "images": [], "encode": 0.0, "decode": 0.0}
with torch.inference_mode():
    for n, pixels in enumerate(raw):
        image = torch.tensor(pixels).permute(2, 0, 1)[None].float() / 255 * 2 - 1
        start = time.process_time()
        latents = model.encode(image).latents
        quantized, _, (_, _, codes) = model.quantize(latents)
        middle = time.process_time()
        drawn = model.decode(latents).sample
        if n > 0:  # The first warms up.
            answer["encode"] += middle - start
            answer["decode"] += time.process_time() - middle
        answer["codes"].append(codes.reshape(-1).tolist())
        answer["images"].append([round(v, 6) for v in drawn[0].permute(1, 2, 0).reshape(-1).tolist()])
print(json.dumps(answer))
