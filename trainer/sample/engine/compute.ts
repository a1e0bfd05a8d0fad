/**
 * The layers of one region in a step of a Llama, on each thread (model/llama.ts has the same in
 * tensors). Threads share a matrix product by outputs, and attention by parts of sequences
 * (share.ts). So every number is computed by one thread, in an order that does not depend on the
 * number of threads.
 */
import { PANEL } from '../../../wasm/mat-mul.ts';
import type { LlamaConfig } from '../../model/config.ts';
import { AttentionThread } from './attend.ts';
import type { Barrier } from './barrier.ts';
import type { EngineKernels } from './kernels/module.ts';
import { FLOAT, MAX_ROWS, type Matrix, type RegionLayout } from './layout.ts';

export class RegionThread {
  readonly #config: LlamaConfig;
  readonly #kernels: EngineKernels;
  readonly #layout: RegionLayout;
  readonly #barrier: Barrier;
  readonly #thread: number;
  readonly #threads: number;
  readonly #wanted: Int32Array;
  readonly #floats: Float32Array;
  readonly #attention: AttentionThread;
  /** Bytes per row of queries, keys and values. */
  readonly #qkvStride: number;

  constructor(
    config: LlamaConfig,
    kernels: EngineKernels,
    layout: RegionLayout,
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
    this.#wanted = new Int32Array(memory, layout.wanted, MAX_ROWS);
    this.#floats = new Float32Array(memory);
    this.#qkvStride = layout.layers[0].qkv.panels * PANEL * FLOAT;
    const stride = this.#qkvStride;
    this.#attention = new AttentionThread(config, kernels, layout, memory, thread, stride);
  }

  /** The rows in `x`. [rows, hiddenSize] */
  hidden(rows: number): Float32Array {
    const from = this.#layout.x / FLOAT;
    return this.#floats.subarray(from, from + rows * this.#config.hiddenSize);
  }

  /** Computes the layers of the region on the rows in `x`, and ends with a barrier. */
  run(rows: number): void {
    const { hiddenSize } = this.#config;
    const { x, qkv, attended, rowWidth, gate, up, layers: weights } = this.#layout;
    const own = this.#layout.normed[this.#thread];
    this.#attention.begin(rows);
    for (const [layer, layerAt] of weights.entries()) {
      this.#normRows(x, layerAt.attentionNorm, own, rows);
      this.#pack(own, rows, rowWidth);
      this.#product('matMul', rows, layerAt.qkv, qkv, this.#qkvStride);
      this.#barrier.wait();
      this.#attention.run(layer);
      this.#barrier.wait();
      this.#attention.combine(rows);
      this.#barrier.wait();
      this.#pack(attended, rows, rowWidth);
      this.#product('matMulAdd', rows, layerAt.output, x, hiddenSize * FLOAT);
      this.#barrier.wait();
      this.#normRows(x, layerAt.feedForwardNorm, own, rows);
      const { inputs: width } = layerAt.down;
      const wide = width * FLOAT;
      this.#pack(own, rows, rowWidth);
      this.#product('matMul', rows, layerAt.gate, gate, wide);
      this.#product('matMul', rows, layerAt.up, up, wide);
      this.#gateOwnColumns(rows, layerAt.gate.panels, wide);
      this.#barrier.wait();
      this.#pack(gate, rows, width);
      this.#product('matMulAdd', rows, layerAt.down, x, hiddenSize * FLOAT);
      this.#barrier.wait();
    }
  }

  /** Computes the logits of the requested rows, if the region has the head. A barrier follows. */
  logits(wanted: number): void {
    const { hiddenSize, normEps } = this.#config;
    const { x, rowWidth, finalNorm, head, logits, logitStride } = this.#layout;
    const own = this.#layout.normed[this.#thread];
    for (let i = 0; i < wanted; i++) {
      const row = x + this.#wanted[i] * hiddenSize * FLOAT;
      const to = own + i * rowWidth * FLOAT;
      this.#kernels.rmsNorm(row, finalNorm, to, hiddenSize, normEps);
    }
    this.#pack(own, wanted, rowWidth);
    this.#product('matMul', wanted, head, logits, logitStride * FLOAT);
    this.#barrier.wait();
  }

  #normRows(x: number, weight: number, y: number, rows: number): void {
    const { hiddenSize, normEps } = this.#config;
    for (let row = 0; row < rows; row++) {
      const from = x + row * hiddenSize * FLOAT;
      const to = y + row * this.#layout.rowWidth * FLOAT;
      this.#kernels.rmsNorm(from, weight, to, hiddenSize, normEps);
    }
  }

  /** Packs the rows that the next products multiply. */
  #pack(x: number, rows: number, inputs: number): void {
    this.#kernels.packRows(x, inputs * FLOAT, rows, inputs, this.#layout.packed[this.#thread]);
  }

  /** Computes this thread's share of the outputs. */
  #product(
    kernel: 'matMul' | 'matMulAdd',
    rows: number,
    { address, inputs, panels, panelBytes }: Matrix,
    y: number,
    yStride: number,
  ): void {
    const { from, to } = this.#share(panels);
    const weights = address + from * panelBytes;
    const columns = y + from * PANEL * FLOAT;
    const packed = this.#layout.packed[this.#thread];
    const widened = this.#layout.widened[this.#thread];
    this.#kernels[kernel](packed, rows, inputs, weights, to - from, columns, yStride, widened);
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
}
