"""VQ-Diffusion (the paper's section 4.3) over the folders of `trainer evaluate prompts`. The pipeline
knows no mask: the codes of the given rows are put back after each step.

    python vq_diffusion.py --prompts PROMPTS --to OUT --model microsoft/vq-diffusion-ithq --device cuda
"""
import diffusers
import numpy
import torch
from PIL import Image
from diffusers.pipelines.deprecated.vq_diffusion import VQDiffusionPipeline
from diffusers.pipelines.deprecated.vq_diffusion.pipeline_vq_diffusion import (
    LearnedClassifierFreeSamplingEmbeddings,
)
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
    vqvae = diffusers.VQModel(
        block_out_channels=[32, 64], down_block_types=["DownEncoderBlock2D"] * 2,
        up_block_types=["UpDecoderBlock2D"] * 2, latent_channels=3, num_vq_embeddings=12, norm_num_groups=8,
        vq_embed_dim=3,
    )
    transformer = diffusers.Transformer2DModel(
        attention_bias=True, cross_attention_dim=32, attention_head_dim=12, num_attention_heads=2,
        num_vector_embeds=13, num_embeds_ada_norm=12, norm_num_groups=8, sample_size=16,
        activation_fn="geglu-approximate", dropout=0.0,
    )
    return VQDiffusionPipeline(
        vqvae=vqvae, text_encoder=text, tokenizer=tokenizer, transformer=transformer,
        scheduler=diffusers.VQDiffusionScheduler(num_vec_classes=13, num_train_timesteps=12),
        learned_classifier_free_sampling_embeddings=LearnedClassifierFreeSamplingEmbeddings(learnable=False),
    )


arguments = options(__doc__).parse_args()
pipeline = tiny() if arguments.tiny else VQDiffusionPipeline.from_pretrained(
    arguments.model or "microsoft/vq-diffusion-ithq"
)
pipeline = pipeline.to(arguments.device)
pipeline.set_progress_bar_config(disable=True)
width, height = pipeline.transformer.width, pipeline.transformer.height
stride = 2 ** (len(pipeline.vqvae.config.block_out_channels) - 1)


def work(prompt, rows, seed):
    """Whole rows of codes are known; a row that is given in part is drawn anew."""
    image = prompt.resize((width * stride, height * stride), Image.BICUBIC)
    known_rows = rows * height // prompt.height
    with torch.no_grad():
        raw = numpy.asarray(image, dtype=numpy.float32) / 255 * 2 - 1
        pixels = torch.from_numpy(raw).permute(2, 0, 1)[None]
        latents = pipeline.vqvae.encode(pixels.to(arguments.device)).latents
        _, _, (_, _, codes) = pipeline.vqvae.quantize(latents)
    known = codes.reshape(1, -1)[:, : known_rows * width]

    def put_back(_step, _time, sample):
        sample[:, : known.shape[1]] = known

    # All are unknown at first but those that are given.
    sample = torch.full((1, width * height), pipeline.transformer.num_vector_embeds - 1)
    sample[:, : known.shape[1]] = known.cpu()
    return pipeline(
        prompt="", latents=sample, callback=put_back, guidance_scale=1.0,
        num_inference_steps=arguments.steps or (3 if arguments.tiny else 100),
        generator=torch.Generator(arguments.device).manual_seed(seed),
    ).images[0]


complete(arguments, work)
