/** One token from the logits of one position, and what is worth knowing of it. */
import { isInMask } from '../../tokenizer/mask.ts';
import { type FilterSettings, filterLogits, pick } from './filter.ts';

/** What may follow, from a grammar; one a sequence, fed with every token that is taken. */
export interface Constraint {
  /**
   * Bit `id & 31` of word `id >> 5` is 1 where a token may follow; never all 0.
   * @param remaining tokens that may still be drawn, this one and `<eos>` counted
   */
  allowed(remaining: number): Uint32Array;
  accept(id: number): void;
}

export interface DrawnToken {
  id: number;
  /** ln p of it under the unfiltered model. */
  logProbability: number;
  /** The most likely ids with ln p, if they were asked for. */
  likeliest?: [id: number, logProbability: number][];
  /** Whether the constraint forbade the id that the model held most likely. */
  isCorrected: boolean;
}

export interface DrawOptions extends FilterSettings {
  /** How many alternatives to report; default none. */
  alternatives?: number;
}

/** @param uniform in [0, 1) */
export function drawToken(
  logits: Float32Array,
  options: DrawOptions,
  allowed: Uint32Array,
  uniform: number,
): DrawnToken {
  const id = pick(filterLogits(logits, options, allowed), uniform);
  let best = 0;
  for (let other = 1; other < logits.length; other++)
    if (logits[other] > logits[best]) best = other;
  let total = 0;
  for (const logit of logits) total += Math.exp(logit - logits[best]);
  const base = logits[best] + Math.log(total);
  const { alternatives = 0 } = options;
  return {
    id,
    logProbability: logits[id] - base,
    likeliest: alternatives === 0 ? undefined : likeliestOf(logits, base, alternatives),
    isCorrected: !isInMask(allowed, best),
  };
}

function likeliestOf(logits: Float32Array, base: number, count: number): [number, number][] {
  const ids = Uint32Array.from(logits.keys()).sort((a, b) => logits[b] - logits[a] || a - b);
  return Array.from(ids.subarray(0, count), (id) => [id, logits[id] - base]);
}

/** Every id but these, as a mask. */
export function anyBut(banned: readonly number[], vocabSize: number): Uint32Array {
  const allowed = new Uint32Array(Math.ceil(vocabSize / 32)).fill(0xffffffff);
  for (const id of banned) allowed[id >> 5] &= ~(1 << (id & 31));
  return allowed;
}
