"""ImageGPT with 4x super-resolution twice (the paper's section 4.3 and footnote 9) over the folders of
`trainer evaluate prompts`.

    python imagegpt.py --prompts PROMPTS --to OUT --model openai/imagegpt-large \\
        --upscaler CompVis/ldm-super-resolution-4x-openimages --device cuda

The upper rows of 32x32 colours are given; the lower ones are drawn with top-k 40, and the picture goes
through the upscaler twice.
"""
import diffusers
import numpy
import torch
from PIL import Image
from transformers import ImageGPTConfig, ImageGPTForCausalImageModeling, ImageGPTImageProcessorPil

from prompt_folders import complete, options


def tiny():
    torch.manual_seed(0)
    model = ImageGPTForCausalImageModeling(
        ImageGPTConfig(vocab_size=17, n_positions=1024, n_embd=16, n_layer=1, n_head=2)
    )
    clusters = numpy.random.default_rng(0).uniform(-1, 1, (16, 3)).astype(numpy.float32)
    processor = ImageGPTImageProcessorPil(clusters=clusters, size={"height": 32, "width": 32})
    upscaler = diffusers.LDMSuperResolutionPipeline(
        vqvae=diffusers.VQModel(
            block_out_channels=[32, 64], down_block_types=["DownEncoderBlock2D"] * 2,
            up_block_types=["UpDecoderBlock2D"] * 2, latent_channels=3, norm_num_groups=8,
        ),
        unet=diffusers.UNet2DModel(
            block_out_channels=(32, 64), layers_per_block=1, sample_size=32, in_channels=6, out_channels=3,
            down_block_types=("DownBlock2D",) * 2, up_block_types=("UpBlock2D",) * 2,
            norm_num_groups=8,
        ),
        scheduler=diffusers.DDIMScheduler(),
    )
    return model, processor, upscaler


parser = options(__doc__)
parser.add_argument("--upscaler", default="CompVis/ldm-super-resolution-4x-openimages")
arguments = parser.parse_args()
if arguments.tiny:
    model, processor, upscaler = tiny()
else:
    name = arguments.model or "openai/imagegpt-large"
    model = ImageGPTForCausalImageModeling.from_pretrained(name)
    processor = ImageGPTImageProcessorPil.from_pretrained(name)
    upscaler = diffusers.LDMSuperResolutionPipeline.from_pretrained(arguments.upscaler)
model = model.eval().to(arguments.device)
upscaler = upscaler.to(arguments.device)
upscaler.set_progress_bar_config(disable=True)
clusters = torch.tensor(numpy.asarray(processor.clusters))
side = processor.size["height"]
sos = model.config.vocab_size - 1


@torch.no_grad()
def drawn(ids, generator):
    """A colour at a time; the token that begins is never drawn."""
    cache = None
    sequence = torch.cat([torch.full((1, 1), sos), ids], 1).to(arguments.device)
    while sequence.shape[1] <= side * side:
        fed = sequence if cache is None else sequence[:, -1:]
        answer = model(input_ids=fed, past_key_values=cache, use_cache=True)
        cache = answer.past_key_values
        logits = answer.logits[0, -1, : clusters.shape[0]].cpu()
        best, places = logits.topk(min(40, logits.shape[0]))
        chosen = torch.multinomial(best.softmax(0), 1, generator=generator)
        sequence = torch.cat([sequence, places[chosen].reshape(1, 1).to(arguments.device)], 1)
    return sequence[0, 1:].cpu()


def work(prompt, rows, seed):
    generator = torch.Generator("cpu").manual_seed(seed)
    ids = torch.as_tensor(processor(prompt, return_tensors="np")["input_ids"]).reshape(1, -1).long()
    colours = clusters[drawn(ids[:, : rows * side // prompt.height * side], generator)]
    pixels = (127.5 * (colours + 1)).round().clamp(0, 255).to(torch.uint8).reshape(side, side, 3)
    picture = Image.fromarray(pixels.numpy())
    for _ in range(2):
        picture = upscaler(
            image=picture, num_inference_steps=arguments.steps or (2 if arguments.tiny else 100),
            generator=generator,
        ).images[0]
    return picture


complete(arguments, work)
