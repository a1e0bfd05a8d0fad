/** Layout of weights, activations, keys and values in the memory that all threads share. */

import { PANEL } from '../../../wasm/mat-mul.ts';
import { headSize, type LlamaConfig } from '../../model/config.ts';
import type { Weights } from '../../model/init.ts';
import { CACHE_PAGE } from './kernels/attention.ts';
import { averageBytes } from './kernels/average.ts';
import { GROUP } from './share.ts';

export const FLOAT = 4;
/** Most rows per step: more rows would not speed up a prompt, and would make steps longer. */
export const MAX_ROWS = 64;
/** Size limit of a 32-bit WebAssembly memory. */
const MAX_BYTES = 2 ** 32 - 2 ** 16;
const CONTROL_BYTES = 256;

/** A matrix in panels. */
export interface Matrix {
  address: number;
  inputs: number;
  panels: number;
}

export interface LayerLayout {
  attentionNorm: number;
  qkv: Matrix;
  output: Matrix;
  feedForwardNorm: number;
  gate: Matrix;
  up: Matrix;
  down: Matrix;
}

/** The layout as plain numbers, so that it can be sent to threads. All addresses are in bytes. */
export interface EngineLayout {
  control: number;
  /**
   * Four Int32 per row: its page table, its position, whether it continues the row before, and an
   * unused one.
   */
  rows: number;
  /** Indices of the rows whose logits are requested. */
  wanted: number;
  cos: number;
  sin: number;
  x: number;
  /**
   * For each thread: rows after a norm, later its queries; the tiled rows that it multiplies;
   * scores of a page.
   */
  normed: number[];
  packed: number[];
  scores: number[];
  qkv: number;
  /** Averages over groups of positions, [rows, groups, heads]; see kernels/average.ts. */
  averages: number;
  /** Number of groups of the longest sequence. */
  groups: number;
  /** The average over no positions. */
  emptyAverage: number;
  attended: number;
  gate: number;
  up: number;
  logits: number;
  logitStride: number;
  embedding: number;
  layers: LayerLayout[];
  finalNorm: number;
  head: Matrix;
  /** Number of sequences open at once. */
  sequences: number;
  /** Page tables: offsets of a sequence's pages from the beginning of a layer's pages. */
  tables: number;
  tableBytes: number;
  /**
   * Keys and values, [layer, page, head, keys or values, position], so that the data of a sequence
   * in a layer is one piece of memory, or a few.
   */
  pages: number;
  /** Bytes of a page in one layer. */
  pageBytes: number;
  layerBytes: number;
  pageCount: number;
  bytes: number;
}

/** Whether the kernels support the model: they need whole vectors, and have no QK-norm. */
export function fitsEngine(config: LlamaConfig): boolean {
  return (
    !config.qkNorm &&
    config.hiddenSize % PANEL === 0 &&
    config.intermediateSize % PANEL === 0 &&
    headSize(config) % 4 === 0 &&
    ((config.heads + 2 * config.kvHeads) * headSize(config)) % PANEL === 0
  );
}

/**
 * @param sequences number of sequences open at once
 * @param positions number of positions of the longest sequence
 * @param cachedTokens number of tokens of all sequences together; reduced if the memory is too
 * small
 * @returns undefined when the model is too large
 */
export function planLayout(
  config: LlamaConfig,
  threads: number,
  sequences: number,
  positions: number,
  cachedTokens: number,
): EngineLayout | undefined {
  let bytes = 0;
  const take = (size: number): number => {
    const address = bytes;
    bytes += Math.ceil(size / 64) * 64;
    return address;
  };
  const floats = (count: number) => take(count * FLOAT);
  const matrix = (outputs: number, inputs: number): Matrix => {
    const panels = Math.ceil(outputs / PANEL);
    return { address: floats(panels * PANEL * inputs), inputs, panels };
  };
  const { hiddenSize, intermediateSize, heads, kvHeads, vocabSize } = config;
  const size = headSize(config);
  const perThread = (count: number) => Array.from({ length: threads }, () => floats(count));
  const logitStride = Math.ceil(vocabSize / PANEL) * PANEL;
  const tableBytes = Math.ceil(positions / CACHE_PAGE) * 4;
  const groups = Math.ceil(positions / (GROUP * CACHE_PAGE));
  const pageBytes = 2 * kvHeads * CACHE_PAGE * size * FLOAT;
  const fixed = {
    control: take(CONTROL_BYTES),
    rows: take(MAX_ROWS * 16),
    wanted: take(MAX_ROWS * 4),
    cos: floats((MAX_ROWS * size) / 2),
    sin: floats((MAX_ROWS * size) / 2),
    x: floats(MAX_ROWS * hiddenSize),
    normed: perThread(MAX_ROWS * hiddenSize),
    packed: perThread(MAX_ROWS * Math.max(hiddenSize, intermediateSize)),
    scores: perThread(CACHE_PAGE + 4),
    qkv: floats(MAX_ROWS * (heads + 2 * kvHeads) * size),
    averages: take(MAX_ROWS * groups * heads * averageBytes(size)),
    groups,
    emptyAverage: take(averageBytes(size)),
    attended: floats(MAX_ROWS * hiddenSize),
    gate: floats(MAX_ROWS * intermediateSize),
    up: floats(MAX_ROWS * intermediateSize),
    logits: floats(MAX_ROWS * logitStride),
    logitStride,
    embedding: floats(vocabSize * hiddenSize),
    layers: Array.from({ length: config.layers }, () => ({
      attentionNorm: floats(hiddenSize),
      qkv: matrix((heads + 2 * kvHeads) * size, hiddenSize),
      output: matrix(hiddenSize, hiddenSize),
      feedForwardNorm: floats(hiddenSize),
      gate: matrix(intermediateSize, hiddenSize),
      up: matrix(intermediateSize, hiddenSize),
      down: matrix(hiddenSize, intermediateSize),
    })),
    finalNorm: floats(hiddenSize),
    head: matrix(vocabSize, hiddenSize),
    sequences,
    tables: take(sequences * tableBytes),
    tableBytes,
    pageBytes,
  };
  const pages = bytes;
  // A sequence may leave part of its last page empty.
  const wanted = Math.ceil(cachedTokens / CACHE_PAGE) + sequences;
  const pageCount = Math.min(wanted, Math.floor((MAX_BYTES - pages) / (config.layers * pageBytes)));
  if (pageCount < Math.ceil(positions / CACHE_PAGE)) return undefined;
  const layerBytes = pageCount * pageBytes;
  return { ...fixed, pages, layerBytes, pageCount, bytes: pages + config.layers * layerBytes };
}

/** Copies the weights of a checkpoint to their places. */
export function packWeights(
  memory: Float32Array,
  layout: EngineLayout,
  config: LlamaConfig,
  weights: Weights,
): void {
  const data = (name: string) => weights.get(`${name}.weight`)!.data;
  const vector = (name: string, address: number) => memory.set(data(name), address / FLOAT);
  vector('model.embed_tokens', layout.embedding);
  layout.layers.forEach((to, layer) => {
    const at = `model.layers.${layer}`;
    vector(`${at}.input_layernorm`, to.attentionNorm);
    vector(`${at}.post_attention_layernorm`, to.feedForwardNorm);
    const qkv = ['q_proj', 'k_proj', 'v_proj'].map((name) => data(`${at}.self_attn.${name}`));
    packMatrix(memory, to.qkv, qkv);
    packMatrix(memory, to.output, [data(`${at}.self_attn.o_proj`)]);
    packMatrix(memory, to.gate, [data(`${at}.mlp.gate_proj`)]);
    packMatrix(memory, to.up, [data(`${at}.mlp.up_proj`)]);
    packMatrix(memory, to.down, [data(`${at}.mlp.down_proj`)]);
  });
  vector('model.norm', layout.finalNorm);
  packMatrix(memory, layout.head, [data(config.tieEmbeddings ? 'model.embed_tokens' : 'lm_head')]);
}

/** Packs [out, in] matrices, concatenated along out, into panels of 8 outputs: [panel, in, 8]. */
function packMatrix(
  memory: Float32Array,
  { address, inputs }: Matrix,
  parts: Float32Array[],
): void {
  let output = 0;
  for (const part of parts) {
    for (let from = 0; from < part.length; from += inputs, output++) {
      const panel = Math.floor(output / PANEL);
      let to = address / FLOAT + panel * PANEL * inputs + (output % PANEL);
      for (let i = 0; i < inputs; i++, to += PANEL) memory[to] = part[from + i];
    }
  }
}
