/**
 * One step of a Llama (see model/llama.ts for the same in tensors), as each thread computes it.
 * A matrix product is shared out by outputs, attention by sequence and key head, so every number
 * is computed by one thread, in an order that does not depend on how many there are.
 */
import { headSize, type LlamaConfig } from '../../model/config.ts';
import type { Barrier } from './barrier.ts';
import { PAGE } from './kernels/attention.ts';
import { PANEL } from './kernels/mat-mul.ts';
import type { Kernels } from './kernels/module.ts';
import { FLOAT, type Layout, MAX_ROWS, type Matrix } from './layout.ts';

/** Int32 of a row in `Layout.rows`. */
export const ROW_CELLS = 4;

export interface StepSize {
  rows: number;
  /** Rows whose logits are wanted. */
  wanted: number;
}

export class StepThread {
  readonly #config: LlamaConfig;
  readonly #kernels: Kernels;
  readonly #layout: Layout;
  readonly #barrier: Barrier;
  readonly #thread: number;
  readonly #threads: number;
  readonly #floats: Float32Array;
  readonly #words: Uint32Array;
  readonly #rows: Int32Array;
  readonly #wanted: Int32Array;

  constructor(
    config: LlamaConfig,
    kernels: Kernels,
    layout: Layout,
    memory: ArrayBufferLike,
    barrier: Barrier,
    thread: number,
  ) {
    this.#config = config;
    this.#kernels = kernels;
    this.#layout = layout;
    this.#barrier = barrier;
    this.#thread = thread;
    this.#threads = layout.normed.length;
    this.#floats = new Float32Array(memory);
    this.#words = new Uint32Array(memory);
    this.#rows = new Int32Array(memory, layout.rows, MAX_ROWS * ROW_CELLS);
    this.#wanted = new Int32Array(memory, layout.wanted, MAX_ROWS);
  }

  /** From the embeddings in `x` to the logits of the wanted rows. */
  run({ rows, wanted }: StepSize): void {
    const { layers, intermediateSize, hiddenSize } = this.#config;
    const { x, qkv, attended, gate, up, layers: weights } = this.#layout;
    const own = this.#layout.normed[this.#thread];
    const qkvStride = weights[0].qkv.panels * PANEL * FLOAT;
    for (let layer = 0; layer < layers; layer++) {
      const layerAt = weights[layer];
      this.#normRows(x, layerAt.attentionNorm, own, rows);
      this.#pack(own, rows, hiddenSize);
      this.#product('matMul', rows, layerAt.qkv, qkv, qkvStride);
      this.#barrier.wait();
      this.#attention(layer, rows, qkvStride);
      this.#barrier.wait();
      this.#pack(attended, rows, hiddenSize);
      this.#product('matMulAdd', rows, layerAt.output, x, hiddenSize * FLOAT);
      this.#barrier.wait();
      this.#normRows(x, layerAt.feedForwardNorm, own, rows);
      const wide = intermediateSize * FLOAT;
      this.#pack(own, rows, hiddenSize);
      this.#product('matMul', rows, layerAt.gate, gate, wide);
      this.#product('matMul', rows, layerAt.up, up, wide);
      this.#gateOwnColumns(rows, layerAt.gate.panels, wide);
      this.#barrier.wait();
      this.#pack(gate, rows, intermediateSize);
      this.#product('matMulAdd', rows, layerAt.down, x, hiddenSize * FLOAT);
      this.#barrier.wait();
    }
    this.#logits(wanted);
    this.#barrier.wait();
  }

  #normRows(x: number, weight: number, y: number, rows: number): void {
    const { hiddenSize, normEps } = this.#config;
    for (let row = 0; row < rows; row++) {
      const at = row * hiddenSize * FLOAT;
      this.#kernels.rmsNorm(x + at, weight, y + at, hiddenSize, normEps);
    }
  }

  /** What the next products multiply. */
  #pack(x: number, rows: number, inputs: number): void {
    this.#kernels.packRows(x, inputs * FLOAT, rows, inputs, this.#layout.packed[this.#thread]);
  }

  /** This thread's share of the outputs. */
  #product(
    kernel: 'matMul' | 'matMulAdd',
    rows: number,
    { address, inputs, panels }: Matrix,
    y: number,
    yStride: number,
  ): void {
    const { from, to } = this.#share(panels);
    const weights = address + from * inputs * PANEL * FLOAT;
    const columns = y + from * PANEL * FLOAT;
    const packed = this.#layout.packed[this.#thread];
    this.#kernels[kernel](packed, rows, inputs, weights, to - from, columns, yStride);
  }

  #share(count: number): { from: number; to: number } {
    const from = Math.floor((count * this.#thread) / this.#threads);
    return { from, to: Math.floor((count * (this.#thread + 1)) / this.#threads) };
  }

  #gateOwnColumns(rows: number, panels: number, stride: number): void {
    const { from, to } = this.#share(panels);
    const first = from * PANEL * FLOAT;
    const bytes = (to - from) * PANEL * FLOAT;
    for (let row = 0; row < rows; row++) {
      const at = row * stride + first;
      this.#kernels.swiglu(this.#layout.gate + at, this.#layout.up + at, bytes);
    }
  }

  /** Rows of one sequence stay with one thread: a later row reads the keys of an earlier one. */
  #attention(layer: number, rows: number, qkvStride: number): void {
    const { kvHeads } = this.#config;
    let sequence = -1;
    for (let row = 0; row < rows; row++) {
      if (this.#rows[row * ROW_CELLS + 2] === 0) sequence++;
      for (let head = 0; head < kvHeads; head++) {
        if ((sequence * kvHeads + head) % this.#threads !== this.#thread) continue;
        this.#attendHead(layer, row, head, this.#layout.qkv + row * qkvStride);
      }
    }
  }

  #attendHead(layer: number, row: number, kvHead: number, qkv: number): void {
    const { heads, kvHeads, hiddenSize } = this.#config;
    const size = headSize(this.#config);
    const headBytes = size * FLOAT;
    const table = this.#rows[row * ROW_CELLS] >>> 0;
    const position = this.#rows[row * ROW_CELLS + 1];
    const turn = (row * size * FLOAT) / 2;
    const [cos, sin] = [this.#layout.cos + turn, this.#layout.sin + turn];
    const pageOf = (which: 0 | 1) => ((layer * 2 + which) * kvHeads + kvHead) * PAGE * headBytes;
    const [keys, values] = [pageOf(0), pageOf(1)];
    const key = qkv + (heads + kvHead) * headBytes;
    this.#kernels.rope(key, cos, sin);
    const page = this.#page(table, position);
    this.#copy(key, page + keys + (position % PAGE) * headBytes, size);
    this.#copy(key + kvHeads * headBytes, page + values + (position % PAGE) * headBytes, size);
    const queries = heads / kvHeads;
    for (let head = kvHead * queries; head < (kvHead + 1) * queries; head++) {
      const q = qkv + head * headBytes;
      this.#kernels.rope(q, cos, sin);
      const y = this.#layout.attended + row * hiddenSize * FLOAT + head * headBytes;
      const scores = this.#layout.scores[this.#thread];
      const scale = 1 / Math.sqrt(size);
      this.#kernels.attend(q, table, keys, values, position + 1, scores, y, scale);
    }
  }

  #page(table: number, position: number): number {
    return this.#words[table / 4 + Math.floor(position / PAGE)];
  }

  #copy(from: number, to: number, count: number): void {
    this.#floats.copyWithin(to / FLOAT, from / FLOAT, from / FLOAT + count);
  }

  #logits(wanted: number): void {
    const { hiddenSize, normEps } = this.#config;
    const { x, finalNorm, head, logits, logitStride } = this.#layout;
    const own = this.#layout.normed[this.#thread];
    const rowBytes = hiddenSize * FLOAT;
    for (let i = 0; i < wanted; i++) {
      const row = x + this.#wanted[i] * rowBytes;
      this.#kernels.rmsNorm(row, finalNorm, own + i * rowBytes, hiddenSize, normEps);
    }
    this.#pack(own, wanted, hiddenSize);
    this.#product('matMul', wanted, head, logits, logitStride * FLOAT);
  }
}
