/** One token from the logits of one position, and what is worth knowing of it. */

import { CodecLmError } from '../../base/error.ts';
import { isInMask } from '../../tokenizer/index.ts';
import { firstNotFinite } from '../checkpoint/floats.ts';
import { type FilterSettings, filterLogits, likeliest, pick } from './filter.ts';

/** What may follow, from a grammar; one a sequence, fed with every token that is taken. */
export interface Constraint {
  /**
   * Bit `id & 31` of word `id >> 5` is 1 where a token may follow; never all 0.
   * @param remaining tokens that may still be drawn, this one and `<eos>` counted
   */
  allowed(remaining: number): Uint32Array;
  accept(id: number): void;
}

/** What the model thinks of a token. */
export interface RatedToken {
  id: number;
  /** ln p of it under the unfiltered model. */
  logProbability: number;
  /** The most likely ids with ln p, if they were asked for. */
  likeliest?: [id: number, logProbability: number][];
}

export interface DrawnToken extends RatedToken {
  /** Whether the constraint forbade the id that the model held most likely. */
  isCorrected: boolean;
}

export interface DrawOptions extends FilterSettings {
  /** How many alternatives to report; default none. */
  alternatives?: number;
}

/**
 * @param uniform in [0, 1)
 * @throws CodecLmError `NOT_FINITE` for logits that are no distribution
 */
export function drawToken(
  logits: Float32Array,
  options: DrawOptions,
  allowed: Uint32Array,
  uniform: number,
): DrawnToken {
  checkLogits(logits);
  const id = pick(filterLogits(logits, options, allowed), uniform);
  const isCorrected = !isInMask(allowed, likeliestId(logits));
  return { ...rateToken(logits, id, options.alternatives), isCorrected };
}

/**
 * NaN or an infinity among the logits would draw noise and rate it NaN. Weights are finite when they
 * are loaded; sums of large ones can still leave the range of fp32.
 * @throws CodecLmError `NOT_FINITE`
 */
export function checkLogits(logits: Float32Array): void {
  const first = firstNotFinite(logits);
  if (first < 0) return;
  throw new CodecLmError(
    'NOT_FINITE',
    `the model computes ${logits[first]} as the logit of token ${first}: nothing can be drawn or scored`,
    {
      hint: 'its weights are too large for fp32, or were spoilt in training; take another checkpoint',
    },
  );
}

/**
 * @param logits in front of the token
 * @throws CodecLmError `NOT_FINITE`
 */
export function rateToken(logits: Float32Array, id: number, alternatives = 0): RatedToken {
  checkLogits(logits);
  const highest = logits[likeliestId(logits)];
  let total = 0;
  for (const logit of logits) total += Math.exp(logit - highest);
  const base = highest + Math.log(total);
  return {
    id,
    logProbability: logits[id] - base,
    likeliest: alternatives === 0 ? undefined : likeliestOf(logits, base, alternatives),
  };
}

function likeliestId(logits: Float32Array): number {
  let best = 0;
  for (let id = 1; id < logits.length; id++) if (logits[id] > logits[best]) best = id;
  return best;
}

function likeliestOf(logits: Float32Array, base: number, count: number): [number, number][] {
  const ids = likeliest(logits, undefined, count).subarray(0, count);
  return Array.from(ids, (id) => [id, logits[id] - base]);
}

/** Every id but these, as a mask. */
export function anyBut(banned: readonly number[], vocabSize: number): Uint32Array {
  const allowed = new Uint32Array(Math.ceil(vocabSize / 32)).fill(0xffffffff);
  for (const id of banned) allowed[id >> 5] &= ~(1 << (id & 31));
  return allowed;
}
