/** Puts the weights of a checkpoint where the kernels read them, some rows of a tensor at a time. */
import { CodecLmError } from '../../../base/error.ts';
import type { LlamaConfig } from '../../model/config.ts';
import { headSize } from '../../model/config.ts';
import { FLOAT, type Matrix, type RegionLayout } from './layout.ts';
import { rowWriter } from './pack.ts';
import type { EngineLayout } from './regions.ts';

/** Takes the weights of a model, in any order and in pieces. */
export interface WeightSink {
  /** The arguments are those of `WeightWriter.write`. */
  write(name: string, row: number, values: Float32Array): void | Promise<void>;
}

type Write = (row: number, values: Float32Array) => void;

export class WeightWriter implements WeightSink {
  readonly #targets = new Map<string, Write[]>();

  constructor(config: LlamaConfig, layout: EngineLayout, memories: readonly WebAssembly.Memory[]) {
    layout.regions.forEach((region, i) => {
      this.#addRegion(config, layout, region, memories[i].buffer);
    });
  }

  /**
   * @param row where the values begin; a tensor of one dimension is one row
   * @param values fp32, whole rows
   * @throws CodecLmError `CONFIG_INVALID` for a weight that the format cannot hold
   */
  write(name: string, row: number, values: Float32Array): void {
    try {
      for (const write of this.#targets.get(name)!) write(row, values);
    } catch (error) {
      if (!(error instanceof CodecLmError)) throw error;
      throw new CodecLmError(error.code, `${name}: ${error.message}`, { hint: error.hint });
    }
  }

  #addRegion(
    config: LlamaConfig,
    { weights }: EngineLayout,
    region: RegionLayout,
    memory: ArrayBufferLike,
  ): void {
    const writeRow = rowWriter(weights, memory);
    const floats = new Float32Array(memory);
    const add = (name: string, write: Write) => {
      const key = `${name}.weight`;
      this.#targets.set(key, [...(this.#targets.get(key) ?? []), write]);
    };
    const vector = (name: string, address: number, width = 0) =>
      add(name, (row, values) => floats.set(values, address / FLOAT + row * width));
    const { hiddenSize, intermediateSize, kvHeads, tieEmbeddings } = config;
    /**
     * @param first output of the matrix that is the tensor's first
     * @param width inputs of the tensor; the matrix may have more
     */
    const matrix = (name: string, to: Matrix, first = 0, width = hiddenSize) =>
      add(name, (row, values) => {
        for (let from = 0; from < values.length; from += width, row++) {
          writeRow(to, first + row, values.subarray(from, from + width));
        }
      });
    region.layers.forEach((to, i) => {
      const at = `model.layers.${region.fromLayer + i}`;
      vector(`${at}.input_layernorm`, to.attentionNorm);
      vector(`${at}.post_attention_layernorm`, to.feedForwardNorm);
      matrix(`${at}.self_attn.q_proj`, to.qkv);
      matrix(`${at}.self_attn.k_proj`, to.qkv, hiddenSize);
      matrix(`${at}.self_attn.v_proj`, to.qkv, hiddenSize + kvHeads * headSize(config));
      matrix(`${at}.self_attn.o_proj`, to.output);
      matrix(`${at}.mlp.gate_proj`, to.gate);
      matrix(`${at}.mlp.up_proj`, to.up);
      matrix(`${at}.mlp.down_proj`, to.down, 0, intermediateSize);
    });
    if (region.hasEmbedding) vector('model.embed_tokens', region.embedding, hiddenSize);
    if (!region.hasHead) return;
    vector('model.norm', region.finalNorm);
    matrix(tieEmbeddings ? 'model.embed_tokens' : 'lm_head', region.head);
  }
}
