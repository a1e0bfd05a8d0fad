/**
 * Layout of weights, activations, keys and values in the memories that all threads share. A region is
 * one WebAssembly memory: some layers with their part of the cache, and activations of its own.
 */

import type { CacheType, WeightsType } from '../../../schemas/sample.ts';
import { PANEL, WIDENED_BYTES } from '../../../wasm/mat-mul.ts';
import { headSize, type LlamaConfig } from '../../model/config.ts';
import { averageBytes } from './kernels/average.ts';
import { CACHE_FORMATS } from './kernels/cache-format.ts';
import { CACHE_PAGE } from './kernels/pages.ts';
import { GROUP } from './share.ts';
import { MATRIX_FORMATS } from './weights-type.ts';

export const FLOAT = 4;
/** Most rows per step: more rows would not speed up a prompt, and would make steps longer. */
export const MAX_ROWS = 64;
const CONTROL_BYTES = 256;

/** A matrix in panels. */
export interface Matrix {
  address: number;
  inputs: number;
  panels: number;
  /** Bytes of one panel. */
  panelBytes: number;
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

/** The numbers that decide how large everything is. */
export interface EnginePlan {
  threads: number;
  /** Number of sequences open at once. */
  sequences: number;
  /** Number of tokens of the longest sequence. */
  positions: number;
  weights: WeightsType;
  cache: CacheType;
}

/** The part of a model that lies in one region. */
export interface RegionPart {
  fromLayer: number;
  /** Exclusive. */
  toLayer: number;
  hasEmbedding: boolean;
  hasHead: boolean;
}

/** The layout as plain numbers, so that it can be sent to threads. All addresses are in bytes. */
export interface RegionLayout extends RegionPart {
  /** Only the control block of the first region is used. */
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
  /** By thread: weights as fp32, a few at a time. */
  widened: number[];
  qkv: number;
  /** Averages over groups of positions, [rows, groups, heads]; see kernels/average.ts. */
  averages: number;
  /** Number of groups of the longest sequence. */
  groups: number;
  /** The average over no positions. */
  emptyAverage: number;
  attended: number;
  /** Floats of a row in `normed` and `attended`: as many as matrices have inputs. */
  rowWidth: number;
  gate: number;
  up: number;
  logits: number;
  logitStride: number;
  /** [vocabSize, hiddenSize], fp32. */
  embedding: number;
  layers: LayerLayout[];
  finalNorm: number;
  head: Matrix;
  /** Page tables: offsets of a sequence's pages from the beginning of a layer's pages. */
  tables: number;
  tableBytes: number;
  /**
   * Keys and values, [layer, page, head], each as its format lays them out, so that the data of a sequence
   * in a layer is one piece of memory, or a few.
   */
  pages: number;
  /** Bytes of one head in a page. */
  headBytes: number;
  /** Bytes of a page in one layer. */
  pageBytes: number;
  layerBytes: number;
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

/** Inputs of a matrix in memory: whole blocks, filled up with zeros that change nothing. */
function paddedWidth(size: number, weights: WeightsType): number {
  const { block } = MATRIX_FORMATS[weights];
  return Math.ceil(size / block) * block;
}

/** @param pageCount number of pages in each layer */
export function planRegion(
  config: LlamaConfig,
  { threads, sequences, positions, weights, cache }: EnginePlan,
  part: RegionPart,
  pageCount: number,
): RegionLayout {
  let bytes = 0;
  const take = (size: number): number => {
    const address = bytes;
    bytes += Math.ceil(size / 64) * 64;
    return address;
  };
  const floats = (count: number) => take(count * FLOAT);
  const matrix = (outputs: number, inputs: number): Matrix => {
    const panels = Math.ceil(outputs / PANEL);
    const panelBytes = MATRIX_FORMATS[weights].panelBytes(inputs);
    return { address: take(panels * panelBytes), inputs, panels, panelBytes };
  };
  const { hiddenSize, heads, kvHeads, vocabSize } = config;
  const width = paddedWidth(config.intermediateSize, weights);
  const rowWidth = paddedWidth(hiddenSize, weights);
  const size = headSize(config);
  const perThread = (count: number) => Array.from({ length: threads }, () => floats(count));
  const logitStride = Math.ceil(vocabSize / PANEL) * PANEL;
  const tableBytes = Math.ceil(positions / CACHE_PAGE) * 4;
  const groups = Math.ceil(positions / (GROUP * CACHE_PAGE));
  const headBytes = CACHE_FORMATS[cache].pageBytes(size);
  const pageBytes = kvHeads * headBytes;
  const layerBytes = pageCount * pageBytes;
  const fixed = {
    ...part,
    control: take(CONTROL_BYTES),
    rows: take(MAX_ROWS * 16),
    wanted: take(MAX_ROWS * 4),
    cos: floats((MAX_ROWS * size) / 2),
    sin: floats((MAX_ROWS * size) / 2),
    x: floats(MAX_ROWS * hiddenSize),
    normed: perThread(MAX_ROWS * rowWidth),
    packed: perThread(MAX_ROWS * Math.max(rowWidth, width)),
    scores: perThread(CACHE_PAGE + 8),
    widened: perThread(WIDENED_BYTES / FLOAT),
    qkv: floats(MAX_ROWS * (heads + 2 * kvHeads) * size),
    averages: take(MAX_ROWS * groups * heads * averageBytes(size)),
    groups,
    emptyAverage: take(averageBytes(size)),
    attended: floats(MAX_ROWS * rowWidth),
    rowWidth,
    gate: floats(MAX_ROWS * width),
    up: floats(MAX_ROWS * width),
    logits: floats(part.hasHead ? MAX_ROWS * logitStride : 0),
    logitStride,
    embedding: floats(part.hasEmbedding ? vocabSize * hiddenSize : 0),
    layers: Array.from({ length: part.toLayer - part.fromLayer }, () => ({
      attentionNorm: floats(hiddenSize),
      qkv: matrix((heads + 2 * kvHeads) * size, rowWidth),
      output: matrix(hiddenSize, rowWidth),
      feedForwardNorm: floats(hiddenSize),
      gate: matrix(width, rowWidth),
      up: matrix(width, rowWidth),
      down: matrix(hiddenSize, width),
    })),
    finalNorm: floats(hiddenSize),
    head: matrix(part.hasHead ? vocabSize : 0, rowWidth),
    tables: take(sequences * tableBytes),
    ...{ tableBytes, headBytes, pageBytes, layerBytes },
  };
  const pages = bytes;
  return { ...fixed, pages, bytes: pages + fixed.layers.length * layerBytes };
}
