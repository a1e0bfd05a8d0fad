"""Stable Diffusion inpainting (the paper's section 4.3) over the folders of `trainer evaluate prompts`.

    python inpaint_sd.py --prompts PROMPTS --to OUT --model stable-diffusion-v1-5/stable-diffusion-inpainting --device cuda

The pipeline repaints what it should keep: `trainer evaluate run` counts that and pastes the prompt back.
"""
import diffusers
import torch
from PIL import Image
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from prompt_folders import complete, options


def tiny():
    torch.manual_seed(0)
    tokenizer = CLIPTokenizer(vocab={"<|startoftext|>": 0, "<|endoftext|>": 1, "a</w>": 2}, merges=[])
    tokenizer.model_max_length = 77
    text = CLIPTextModel(
        CLIPTextConfig(
            vocab_size=3, hidden_size=32, intermediate_size=37, num_hidden_layers=1, num_attention_heads=4,
            bos_token_id=0, eos_token_id=1, pad_token_id=1,
        )
    )
    unet = diffusers.UNet2DConditionModel(
        block_out_channels=(32, 64), layers_per_block=1, sample_size=32, in_channels=9, out_channels=4,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"), up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=32, norm_num_groups=8,
    )
    vae = diffusers.AutoencoderKL(
        block_out_channels=[32, 64], down_block_types=["DownEncoderBlock2D"] * 2,
        up_block_types=["UpDecoderBlock2D"] * 2, latent_channels=4, norm_num_groups=8,
    )
    return diffusers.StableDiffusionInpaintPipeline(
        vae=vae, text_encoder=text, tokenizer=tokenizer, unet=unet, scheduler=diffusers.DDIMScheduler(),
        safety_checker=None, feature_extractor=None, requires_safety_checker=False,
    )


arguments = options(__doc__).parse_args()
if arguments.tiny:
    pipeline = tiny()
else:
    pipeline = diffusers.StableDiffusionInpaintPipeline.from_pretrained(
        arguments.model or "stable-diffusion-v1-5/stable-diffusion-inpainting", safety_checker=None
    )
pipeline = pipeline.to(arguments.device)
pipeline.set_progress_bar_config(disable=True)
# The pictures that the model was trained for; completions are made smaller again.
SIDE = 64 if arguments.tiny else 512


def work(prompt, rows, seed):
    large = prompt.resize((SIDE, SIDE), Image.BICUBIC)
    mask = Image.new("L", (SIDE, SIDE), 0)
    mask.paste(255, (0, round(rows * SIDE / prompt.height), SIDE, SIDE))
    return pipeline(
        prompt="", image=large, mask_image=mask, height=SIDE, width=SIDE, guidance_scale=1.0,
        num_inference_steps=arguments.steps or (2 if arguments.tiny else 50),
        generator=torch.Generator("cpu").manual_seed(seed),
    ).images[0]


complete(arguments, work)
