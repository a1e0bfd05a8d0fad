/**
 * Converts the logits of one position to the probabilities for the draw, in the order of Hugging
 * Face transformers: mask, temperature, top-k, top-p, min-p.
 */
import { isInMask } from '../../tokenizer/index.ts';

export interface FilterSettings {
  /** Divides the logits; 0 always takes the most likely token. */
  temperature: number;
  /** Keeps the k most likely tokens, and tokens equal to the last of them; 0 keeps all. */
  topK: number;
  /**
   * Keeps the most likely tokens that together reach this probability, at least one; 1 keeps all.
   */
  topP: number;
  /** Keeps tokens at least this share as likely as the most likely one; 0, the default, keeps all. */
  minP?: number;
}

/**
 * @param logits one row, [vocabSize]
 * @param allowed bit `id & 31` of word `id >> 5` is 1 for tokens that may follow; if absent, all
 * may
 * @returns probabilities, [vocabSize], that sum to 1
 */
export function filterLogits(
  logits: Float32Array,
  settings: FilterSettings,
  allowed?: Uint32Array,
): Float64Array {
  const probabilities = new Float64Array(logits.length);
  const { temperature, topK, topP, minP = 0 } = settings;
  if (temperature === 0) {
    probabilities[likeliest(logits, allowed, 1)[0]] = 1;
    return probabilities;
  }
  // Rank only when something is cut by rank: sorting takes four times as long as everything
  // else.
  const isRanked = topK > 0 || topP < 1 || minP > 0;
  const kept = isRanked ? likeliest(logits, allowed, topK) : allowedIds(logits.length, allowed);
  let highest = Number.NEGATIVE_INFINITY;
  for (const id of kept) highest = Math.max(highest, logits[id]);
  let total = 0;
  for (const id of kept) {
    probabilities[id] = Math.exp((logits[id] - highest) / temperature);
    total += probabilities[id];
  }
  // A token stays while the more likely ones do not reach topP yet.
  const limit = topP * total;
  let before = 0;
  let keptTotal = 0;
  for (const id of kept) {
    const weight = probabilities[id];
    // The most likely token, the first one in the ranking, has weight 1.
    if (isRanked && before > 0 && (before >= limit || weight < minP)) probabilities[id] = 0;
    else keptTotal += weight;
    before += weight;
  }
  for (const id of kept) probabilities[id] /= keptTotal;
  return probabilities;
}

/**
 * Draws by inversion: the first id at which the cumulative probability exceeds `uniform`.
 * @param uniform in [0, 1)
 */
export function pick(probabilities: Float64Array, uniform: number): number {
  let cumulative = 0;
  let last = 0;
  for (let id = 0; id < probabilities.length; id++) {
    if (probabilities[id] === 0) continue;
    cumulative += probabilities[id];
    last = id;
    if (uniform < cumulative) return id;
  }
  // Rounding can leave the sum slightly below 1.
  return last;
}

/** Up to this k, inserting each id into a sorted list is faster than sorting all ids. */
const SHORT_LIST = 128;

/**
 * The k most likely of the allowed ids and ids equal to the last of them, most likely first, ties
 * by id.
 */
export function likeliest(
  logits: Float32Array,
  allowed: Uint32Array | undefined,
  topK: number,
): Uint32Array {
  if (topK > 0 && topK <= SHORT_LIST) return insertLikeliest(logits, allowed, topK);
  const ids = allowedIds(logits.length, allowed);
  const ranked = ids.sort((a, b) => logits[b] - logits[a] || a - b);
  if (topK === 0 || topK >= ids.length) return ranked;
  let end = topK;
  while (end < ids.length && logits[ranked[end]] === logits[ranked[topK - 1]]) end++;
  return ranked.subarray(0, end);
}

function allowedIds(vocabSize: number, allowed: Uint32Array | undefined): Uint32Array {
  const ids = new Uint32Array(vocabSize);
  let size = 0;
  for (let id = 0; id < vocabSize; id++) {
    if (allowed === undefined || isInMask(allowed, id)) ids[size++] = id;
  }
  return ids.subarray(0, size);
}

function insertLikeliest(
  logits: Float32Array,
  allowed: Uint32Array | undefined,
  topK: number,
): Uint32Array {
  const ids = new Uint32Array(logits.length);
  let size = 0;
  for (let id = 0; id < logits.length; id++) {
    if (allowed !== undefined && !isInMask(allowed, id)) continue;
    const logit = logits[id];
    if (size >= topK && logit < logits[ids[topK - 1]]) continue;
    // Ids come in ascending order, so an equal one goes behind.
    let at = size++;
    for (; at > 0 && logits[ids[at - 1]] < logit; at--) ids[at] = ids[at - 1];
    ids[at] = id;
    // Drop ids below the k-th, unless they equal it.
    while (size > topK && logits[ids[size - 1]] < logits[ids[topK - 1]]) size--;
  }
  return ids.subarray(0, size);
}
