/** Converts rows of a dataset to inputs and targets of a causal language model. */
import { BYTES } from '../../tokenizer/index.ts';
import { IGNORED } from '../ops/cross-entropy.ts';

export interface MicroBatch {
  /** [rows * seqLen] */
  inputs: Int32Array;
  /** [rows * seqLen]: the token after each input; IGNORED if it is not to be learned. */
  targets: Int32Array;
  /** [rows * seqLen]: the index of each input's document in its row; only with `data.docMask`. */
  segments?: Int32Array;
  /** Number of targets that are not padding. */
  tokens: number;
  /** Number of symbols (for most codecs, bytes) that these targets stand for. */
  symbols: number;
}

/**
 * Makes a micro batch. The last input of a row has no target, so that rows keep their length.
 * @param ids [rows * seqLen]
 * @param symbolLengths number of symbols of each id, [vocabSize]; 0 for special tokens
 * @param segments [rows * seqLen]: the document of each id
 */
export function toMicroBatch(
  ids: Int32Array,
  seqLen: number,
  padId: number,
  symbolLengths: Uint16Array,
  segments?: Int32Array,
): MicroBatch {
  const targets = new Int32Array(ids.length);
  let tokens = 0;
  let symbols = 0;
  for (let i = 0; i < ids.length; i++) {
    const isLast = i % seqLen === seqLen - 1;
    const target = isLast || ids[i + 1] === padId ? IGNORED : ids[i + 1];
    targets[i] = target;
    if (target === IGNORED) continue;
    tokens++;
    symbols += symbolLengths[target];
  }
  return { inputs: ids, targets, segments, tokens, symbols };
}

/** Adds the occurrences of each id among the targets to `counts`. */
export function countTargets(targets: Int32Array, counts: Float64Array): void {
  for (const target of targets) if (target !== IGNORED) counts[target]++;
}

/** Counts of all targets, and the entropy of their distribution. */
export class TokenCounts {
  readonly counts: Float64Array;
  #total = 0;

  constructor(vocabSize: number, counts?: readonly number[]) {
    this.counts = counts ? Float64Array.from(counts) : new Float64Array(vocabSize);
    for (const count of this.counts) this.#total += count;
  }

  /** @param more occurrences of each id, [vocabSize] */
  add(more: Float64Array): void {
    for (const [id, count] of more.entries()) {
      this.counts[id] += count;
      this.#total += count;
    }
  }

  /** Entropy in nats: the loss of a model that knows only the frequencies of the tokens. */
  entropy(): number {
    let sum = 0;
    for (const count of this.counts) if (count > 0) sum += count * Math.log(count);
    return this.#total === 0 ? 0 : Math.log(this.#total) - sum / this.#total;
  }
}

/**
 * Converts a mean loss in nats per token to bits per symbol of the documents; the key depends on
 * the alphabet.
 */
export function bitsOfLoss(
  loss: number,
  tokens: number,
  symbols: number,
  alphabet: number,
): { bitsPerByte: number } | { bitsPerSymbol: number } {
  const bits = symbols === 0 ? 0 : (loss * tokens) / (symbols * Math.LN2);
  return alphabet === BYTES ? { bitsPerByte: bits } : { bitsPerSymbol: bits };
}
