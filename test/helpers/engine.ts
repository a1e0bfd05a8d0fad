/** A small model that the WebAssembly engine takes with any weights, and how tests read with it. */

import type { Weights } from '../../base/safetensors/weights.ts';
import type { LlamaConfig } from '../../trainer/model/config.ts';
import { initialWeights } from '../../trainer/model/init.ts';
import type { CachedSequence, Engine } from '../../trainer/sample/engine/engine.ts';

export const BLOCKED_CONFIG: LlamaConfig = {
  vocabSize: 29,
  hiddenSize: 64,
  layers: 3,
  heads: 4,
  kvHeads: 2,
  intermediateSize: 96,
  ropeTheta: 10_000,
  normEps: 1e-5,
  tieEmbeddings: false,
  maxPositions: 200,
  bosId: 26,
  eosId: 27,
  padId: 28,
};

/** The shape of Llama 2 7B, with the vocabulary of images. */
export const SEVEN_BILLION: LlamaConfig = {
  ...BLOCKED_CONFIG,
  ...{ vocabSize: 579, hiddenSize: 4096, layers: 32, heads: 32, kvHeads: 32 },
  intermediateSize: 11_008,
};

/** Larger than a trained model's start, so that attention and the output are far from flat. */
export function largeWeights(config: LlamaConfig, seed: number): Weights {
  const weights = initialWeights(config, seed);
  for (const { shape, data } of weights.values()) {
    if (shape.length > 1) data.set(data.map((value) => value * 12));
  }
  return weights;
}

export function someIds(length: number, seed: number): number[] {
  return Array.from({ length }, (_, i) => (i * i * 7 + i * seed + (i % 5)) % 26);
}

/** Reads ids in pieces of the given length. @returns the logits after each */
export async function readIds(
  engine: Engine,
  sequence: CachedSequence,
  ids: readonly number[],
  piece: number,
): Promise<Float32Array[]> {
  const logits: Float32Array[] = [];
  for (let from = 0; from < ids.length; from += piece) {
    const rows = ids.slice(from, from + piece).map((id) => ({ sequence, id, wantsLogits: true }));
    for (const row of await engine.step(rows)) logits.push(row.slice());
  }
  return logits;
}

/** Root mean square of logits, or of their differences. */
export function rms(rows: Float32Array[], others?: Float32Array[]): number {
  const squares = rows.flatMap((row, i) =>
    [...row].map((value, n) => (value - (others?.[i][n] ?? 0)) ** 2),
  );
  return Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / squares.length);
}
