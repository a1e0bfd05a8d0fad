/**
 * The files of a Hugging Face Llama checkpoint. Unknown keys are allowed (every
 * version of transformers adds some); known ones that would change the
 * computation must have the one value that this project computes.
 */
import { z } from 'zod';

/** Limits for a config of unknown origin, far above every published model. */
const size = z.int().min(1).max(1_000_000);
const layers = z.int().min(1).max(10_000);
const tokenId = z.int().min(0).max(1_000_000);

/** Every channel of a head is rotated. */
const wholeHead = z.literal(1, 'only 1 is supported').nullish();

/** transformers 5 keeps the rotary base in this object; 4.x has `rope_theta` at the top level. */
const ropeParametersSchema = z.looseObject({
  rope_type: z.literal('default').default('default'),
  rope_theta: z.number().positive().optional(),
  partial_rotary_factor: wholeHead,
});

/**
 * The older name of the settings that scale rotary positions; files before transformers 4.43 call
 * the kind `type`.
 */
const ropeScalingSchema = z.looseObject({
  rope_type: z.literal('default').optional(),
  type: z.literal('default').optional(),
  factor: z.literal(1).optional(),
});

const absent = z.union([z.null(), z.undefined()]);

/** `config.json` of a `LlamaForCausalLM`, or of a `Qwen3ForCausalLM`, which adds QK-norm. */
export const llamaConfigFileSchema = z.looseObject({
  architectures: z
    .array(z.enum(['LlamaForCausalLM', 'Qwen3ForCausalLM']))
    .min(1)
    .max(1),
  model_type: z.enum(['llama', 'qwen3']),
  hidden_size: size,
  intermediate_size: size,
  num_hidden_layers: layers,
  num_attention_heads: size,
  /** Defaults to the number of attention heads. */
  num_key_value_heads: size.nullish(),
  /** Defaults to hidden_size / num_attention_heads; no other value is supported. */
  head_dim: size.nullish(),
  rms_norm_eps: z.number().positive().default(1e-6),
  rope_theta: z.number().positive().nullish(),
  rope_parameters: ropeParametersSchema.nullish(),
  /** Scaled rotary positions are not supported. */
  rope_scaling: ropeScalingSchema.nullish(),
  partial_rotary_factor: wholeHead,
  /** Quantized weights are not supported: they are codes that need scales. */
  quantization_config: absent.optional(),
  vocab_size: size,
  max_position_embeddings: z.int().min(1).default(2048),
  bos_token_id: tokenId.nullish(),
  eos_token_id: z.union([tokenId, z.array(tokenId).min(1)]).nullish(),
  pad_token_id: z.int().min(-1).nullish(),
  tie_word_embeddings: z.boolean().default(false),
  attention_bias: z.literal(false).default(false),
  mlp_bias: z.literal(false).default(false),
  hidden_act: z.literal('silu').default('silu'),
  /**
   * A key of Qwen3. Sliding windows are not supported: every position attends to all earlier ones.
   */
  use_sliding_window: z.literal(false).optional(),
  layer_types: z.array(z.literal('full_attention')).nullish(),
});

export type LlamaConfigFile = z.output<typeof llamaConfigFileSchema>;

/** `generation_config.json`: the tokens at which `generate()` and vLLM stop. */
export const generationConfigFileSchema = z.looseObject({
  bos_token_id: tokenId.nullish(),
  eos_token_id: z.union([tokenId, z.array(tokenId).min(1)]).nullish(),
  pad_token_id: z.int().min(-1).nullish(),
});

export type GenerationConfigFile = z.output<typeof generationConfigFileSchema>;

function weightIndex(extension: string, kind: string) {
  const name = new RegExp(`^[\\w-][\\w.-]{0,200}\\.${extension}$`);
  return z.looseObject({
    weight_map: z.record(z.string(), z.string().regex(name, `not the name of a ${kind} file`)),
  });
}

/** `model.safetensors.index.json`: which of several files holds a weight. A name leads to no other folder. */
export const weightIndexSchema = weightIndex('safetensors', 'safetensors');

/** The same of files that torch saved: `pytorch_model.bin.index.json`. */
export const torchIndexSchema = weightIndex('bin', 'torch');

/** `import.json` of an imported model: the folder it was made of, as it was named, and what was in it. */
export const importOriginSchema = z.strictObject({
  formatVersion: z.literal(1),
  from: z.string(),
  files: z.array(
    z.strictObject({
      name: z.string(),
      bytes: z.int().nonnegative(),
      sha256: z.string().regex(/^[0-9a-f]{64}$/),
    }),
  ),
});
export type ImportOrigin = z.infer<typeof importOriginSchema>;
