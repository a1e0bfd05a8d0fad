/** Draws one token from the logits of one position, and rates it. */

import { CodecLmError } from '../../base/error.ts';
import { firstNotFinite } from '../../base/safetensors/floats.ts';
import { isInMask } from '../../tokenizer/index.ts';
import { type FilterSettings, filterLogits, likeliest, pick } from './filter.ts';

/**
 * Limits the tokens that may follow, by a grammar. Each sequence has its own and gives it every
 * token that is drawn.
 */
export interface Constraint {
  /**
   * The tokens that may follow: bit `id & 31` of word `id >> 5` is 1; never all 0.
   * @param remaining number of tokens that may still be drawn, including this one and `<eos>`
   */
  allowed(remaining: number): Uint32Array;
  accept(id: number): void;
  /** One that has accepted the same tokens, and goes on independently. */
  fork(): Constraint;
}

/** The model's rating of a token. */
export interface RatedToken {
  id: number;
  /** ln p of the token under the unfiltered model. */
  logProbability: number;
  /** The most likely ids with ln p, if they were requested. */
  likeliest?: [id: number, logProbability: number][];
}

export interface DrawnToken extends RatedToken {
  /** Whether the constraint forbade the most likely id. */
  isCorrected: boolean;
}

export interface DrawOptions extends FilterSettings {
  /** Number of alternatives to report; default none. */
  alternatives?: number;
}

/**
 * @param uniform in [0, 1)
 * @throws CodecLmError `NOT_FINITE` for logits that do not give a distribution
 */
export function drawToken(
  logits: Float32Array,
  options: DrawOptions,
  allowed: Uint32Array,
  uniform: number,
): DrawnToken {
  checkLogits(logits);
  const id = pick(filterLogits(logits, options, allowed), uniform);
  const best = likeliestId(logits);
  const isCorrected = !isInMask(allowed, best);
  return { ...rate(logits, id, logits[best], options.alternatives), isCorrected };
}

/**
 * Checks that logits are finite; otherwise noise would be drawn and rated NaN. Weights are checked
 * when they are loaded, but sums of large ones can still overflow fp32.
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
 * @param logits logits at the position before the token
 * @throws CodecLmError `NOT_FINITE`
 */
export function rateToken(logits: Float32Array, id: number, alternatives = 0): RatedToken {
  checkLogits(logits);
  return rate(logits, id, logits[likeliestId(logits)], alternatives);
}

function rate(logits: Float32Array, id: number, highest: number, alternatives = 0): RatedToken {
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

/** A mask of all ids except these. */
export function anyBut(banned: readonly number[], vocabSize: number): Uint32Array {
  const allowed = new Uint32Array(Math.ceil(vocabSize / 32)).fill(0xffffffff);
  for (const id of banned) allowed[id >> 5] &= ~(1 << (id & 31));
  return allowed;
}
