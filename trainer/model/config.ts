/** The sizes of a Llama model, and their form in a Hugging Face config.json. */

import { CodecLmError } from '../../base/error.ts';
import type { GenerationConfigFile, LlamaConfigFile } from '../../schemas/checkpoint.ts';
import { llamaConfigFileSchema } from '../../schemas/checkpoint.ts';

export interface LlamaConfig {
  vocabSize: number;
  /** Width of the residual stream. */
  hiddenSize: number;
  layers: number;
  heads: number;
  /** A number below `heads` means grouped-query attention; it divides `heads`. */
  kvHeads: number;
  /** Width of the SwiGLU feed-forward layer. */
  intermediateSize: number;
  ropeTheta: number;
  normEps: number;
  /** True if the output layer is the transposed input embedding. */
  tieEmbeddings: boolean;
  /** RMSNorm of each head's queries and keys before the rotation: the model is then a Qwen3. */
  qkNorm?: boolean;
  /** Longest sequence that the model is meant for; it does not affect the computation. */
  maxPositions: number;
  bosId: number;
  eosId: number;
  padId: number;
}

export function headSize(config: LlamaConfig): number {
  return config.hiddenSize / config.heads;
}

/** Number of weights, each counted once (tied embeddings too). */
export function parameterCount(config: LlamaConfig): number {
  let total = 0;
  for (const shape of parameterShapes(config).values()) {
    total += shape.reduce((product, length) => product * length, 1);
  }
  return total;
}

/**
 * Hugging Face's names and shapes, in the order of the computation. A matrix is
 * [out, in]: the layer computes x Wᵀ.
 */
export function parameterShapes(config: LlamaConfig): Map<string, number[]> {
  const { vocabSize, hiddenSize, intermediateSize } = config;
  const kvSize = config.kvHeads * headSize(config);
  const shapes = new Map<string, number[]>();
  shapes.set('model.embed_tokens.weight', [vocabSize, hiddenSize]);
  for (let layer = 0; layer < config.layers; layer++) {
    const at = `model.layers.${layer}`;
    shapes.set(`${at}.input_layernorm.weight`, [hiddenSize]);
    shapes.set(`${at}.self_attn.q_proj.weight`, [hiddenSize, hiddenSize]);
    shapes.set(`${at}.self_attn.k_proj.weight`, [kvSize, hiddenSize]);
    shapes.set(`${at}.self_attn.v_proj.weight`, [kvSize, hiddenSize]);
    if (config.qkNorm) {
      shapes.set(`${at}.self_attn.q_norm.weight`, [headSize(config)]);
      shapes.set(`${at}.self_attn.k_norm.weight`, [headSize(config)]);
    }
    shapes.set(`${at}.self_attn.o_proj.weight`, [hiddenSize, hiddenSize]);
    shapes.set(`${at}.post_attention_layernorm.weight`, [hiddenSize]);
    shapes.set(`${at}.mlp.gate_proj.weight`, [intermediateSize, hiddenSize]);
    shapes.set(`${at}.mlp.up_proj.weight`, [intermediateSize, hiddenSize]);
    shapes.set(`${at}.mlp.down_proj.weight`, [hiddenSize, intermediateSize]);
  }
  shapes.set('model.norm.weight', [hiddenSize]);
  if (!config.tieEmbeddings) shapes.set('lm_head.weight', [vocabSize, hiddenSize]);
  return shapes;
}

/** @throws CodecLmError `CONFIG_INVALID` when the numbers of heads do not divide the sizes */
export function checkConfig(config: LlamaConfig): void {
  const wrong = (message: string) => new CodecLmError('CONFIG_INVALID', `model: ${message}`);
  if (config.hiddenSize % (2 * config.heads) !== 0) {
    throw wrong(
      `hiddenSize ${config.hiddenSize} over heads ${config.heads} must be an even whole number`,
    );
  }
  if (config.heads % config.kvHeads !== 0) {
    throw wrong(`kvHeads ${config.kvHeads} must divide heads ${config.heads}`);
  }
}

/**
 * @param json the parsed config.json
 * @param path path of the file, for messages
 * @throws CodecLmError `CHECKPOINT_INVALID` naming the key, for anything that is not a Llama this project computes
 */
export function configFromHuggingFace(json: unknown, path: string): LlamaConfig {
  const result = llamaConfigFileSchema.safeParse(json);
  if (!result.success) {
    const issue = result.error.issues[0];
    throw new CodecLmError(
      'CHECKPOINT_INVALID',
      `${path}: ${issue.path.join('.') || 'config'}: ${issue.message}`,
      {
        path,
        hint: 'only LlamaForCausalLM without biases or scaled rotary positions is supported',
      },
    );
  }
  const file = result.data;
  const config: LlamaConfig = {
    vocabSize: file.vocab_size,
    hiddenSize: file.hidden_size,
    layers: file.num_hidden_layers,
    heads: file.num_attention_heads,
    kvHeads: file.num_key_value_heads ?? file.num_attention_heads,
    intermediateSize: file.intermediate_size,
    ropeTheta: file.rope_parameters?.rope_theta ?? file.rope_theta ?? 10_000,
    normEps: file.rms_norm_eps,
    tieEmbeddings: file.tie_word_embeddings,
    qkNorm: file.architectures[0] === 'Qwen3ForCausalLM',
    maxPositions: file.max_position_embeddings,
    bosId: file.bos_token_id ?? 1,
    eosId: [file.eos_token_id ?? 2].flat()[0],
    padId: file.pad_token_id ?? -1,
  };
  const head = file.head_dim ?? headSize(config);
  if (head !== headSize(config)) {
    throw new CodecLmError(
      'CHECKPOINT_INVALID',
      `${path}: head_dim ${head} is not hidden_size / num_attention_heads (${headSize(config)})`,
      { path },
    );
  }
  try {
    checkConfig(config);
  } catch (error) {
    throw new CodecLmError('CHECKPOINT_INVALID', `${path}: ${(error as Error).message}`, {
      path,
      cause: error,
    });
  }
  return config;
}

type Architecture = Pick<LlamaConfigFile, 'architectures' | 'model_type'>;

const LLAMA: Architecture = { architectures: ['LlamaForCausalLM'], model_type: 'llama' };

/**
 * Names for a Llama with QK-norm: Qwen3 was published with the same weight names (arXiv
 * 2505.09388).
 */
const QWEN3: Architecture = { architectures: ['Qwen3ForCausalLM'], model_type: 'qwen3' };

/** Writes the rotary base twice: transformers 4.x reads one form, 5.x the other. */
export function configToHuggingFace(config: LlamaConfig): LlamaConfigFile {
  return {
    ...(config.qkNorm ? QWEN3 : LLAMA),
    hidden_size: config.hiddenSize,
    intermediate_size: config.intermediateSize,
    num_hidden_layers: config.layers,
    num_attention_heads: config.heads,
    num_key_value_heads: config.kvHeads,
    head_dim: headSize(config),
    rms_norm_eps: config.normEps,
    rope_theta: config.ropeTheta,
    rope_parameters: { rope_type: 'default', rope_theta: config.ropeTheta },
    vocab_size: config.vocabSize,
    max_position_embeddings: config.maxPositions,
    bos_token_id: config.bosId,
    eos_token_id: config.eosId,
    pad_token_id: config.padId < 0 ? null : config.padId,
    tie_word_embeddings: config.tieEmbeddings,
    attention_bias: false,
    mlp_bias: false,
    hidden_act: 'silu',
    attention_dropout: 0,
    initializer_range: INITIAL_DEVIATION,
    use_cache: true,
    torch_dtype: 'float32',
    dtype: 'float32',
  };
}

export function generationConfig(config: LlamaConfig): GenerationConfigFile {
  return {
    bos_token_id: config.bosId,
    eos_token_id: config.eosId,
    pad_token_id: config.padId < 0 ? null : config.padId,
  };
}

/**
 * Standard deviation of the initial matrices and embeddings, as in GPT-2, OPT and Llama's
 * `initializer_range`. Norms start at 1.
 */
export const INITIAL_DEVIATION = 0.02;
