/** A model's tensors under llama.cpp's names, and in the order of rows that its kernels expect. */
import { headSize, type LlamaConfig, parameterShapes } from '../../model/config.ts';

/** What llama.cpp calls the parts of a block. */
const PARTS: Readonly<Record<string, string>> = {
  'input_layernorm.weight': 'attn_norm.weight',
  'self_attn.q_proj.weight': 'attn_q.weight',
  'self_attn.k_proj.weight': 'attn_k.weight',
  'self_attn.v_proj.weight': 'attn_v.weight',
  'self_attn.q_norm.weight': 'attn_q_norm.weight',
  'self_attn.k_norm.weight': 'attn_k_norm.weight',
  'self_attn.o_proj.weight': 'attn_output.weight',
  'post_attention_layernorm.weight': 'ffn_norm.weight',
  'mlp.gate_proj.weight': 'ffn_gate.weight',
  'mlp.up_proj.weight': 'ffn_up.weight',
  'mlp.down_proj.weight': 'ffn_down.weight',
};

const WHOLE: Readonly<Record<string, string>> = {
  'model.embed_tokens.weight': 'token_embd.weight',
  'model.norm.weight': 'output_norm.weight',
  'lm_head.weight': 'output.weight',
};

/** A tensor of a GGUF file, and the parameter that it is made of. */
export interface NamedTensor {
  name: string;
  parameter: string;
  shape: number[];
}

/** In the order of the computation. A tied output layer is left out: llama.cpp takes the embedding. */
export function ggufTensors(config: LlamaConfig): NamedTensor[] {
  return [...parameterShapes(config)].map(([parameter, shape]) => {
    const [, layer, part] = parameter.match(/^model\.layers\.(\d+)\.(.+)$/) ?? [];
    const name = part === undefined ? WHOLE[parameter] : `blk.${layer}.${PARTS[part]}`;
    return { name, parameter, shape };
  });
}

/**
 * llama.cpp turns neighbouring elements of a head in its `llama` architecture, element i and i +
 * half of it elsewhere (as Hugging Face does, and llama.cpp in `qwen3`). So the rows of queries
 * and keys are interleaved: row 2i + j of a head is row j * half + i of Hugging Face's.
 * @param values [rows, columns]
 * @returns the same array for all but queries and keys of a model without QK-norm
 */
export function inRowsOfGguf(
  parameter: string,
  values: Float32Array,
  config: LlamaConfig,
): Float32Array {
  const isTurned = /\.(q|k)_proj\.weight$/.test(parameter);
  if (!isTurned || config.qkNorm) return values;
  const columns = config.hiddenSize;
  const head = headSize(config);
  const half = head / 2;
  const turned = new Float32Array(values.length);
  for (let row = 0; row < values.length / columns; row++) {
    const [within, first] = [row % head, row - (row % head)];
    const source = first + (within % 2) * half + Math.floor(within / 2);
    turned.set(values.subarray(source * columns, (source + 1) * columns), row * columns);
  }
  return turned;
}
