/**
 * From the logits of one position to the probabilities that are drawn from, in the
 * order of Hugging Face transformers: mask, temperature, top-k, top-p.
 */
import { isInMask } from '../../tokenizer/mask.ts';

export interface FilterSettings {
  /** Divides the logits; 0 takes the most likely token always. */
  temperature: number;
  /** Keeps the k most likely tokens, and those equal to the last of them; 0 keeps all. */
  topK: number;
  /** Keeps the most likely tokens that together reach this probability, one at least; 1 keeps all. */
  topP: number;
}

/**
 * @param logits one row, [vocabSize]
 * @param allowed bit `id & 31` of word `id >> 5` is 1 where a token may follow; all may when it is missing
 * @returns probabilities, [vocabSize], that sum to 1
 */
export function filterLogits(
  logits: Float32Array,
  settings: FilterSettings,
  allowed?: Uint32Array,
): Float64Array {
  const probabilities = new Float64Array(logits.length);
  const kept = rankedIds(logits, allowed);
  if (settings.temperature === 0) {
    probabilities[kept[0]] = 1;
    return probabilities;
  }
  const inTopK = kept.subarray(0, cutTopK(kept, logits, settings.topK));
  const highest = logits[inTopK[0]];
  let total = 0;
  for (const id of inTopK) {
    probabilities[id] = Math.exp((logits[id] - highest) / settings.temperature);
    total += probabilities[id];
  }
  // A token stays while those more likely than it do not reach topP yet.
  const limit = settings.topP * total;
  let before = 0;
  let keptTotal = 0;
  for (const id of inTopK) {
    const weight = probabilities[id];
    if (before > 0 && before >= limit) probabilities[id] = 0;
    else keptTotal += weight;
    before += weight;
  }
  for (const id of inTopK) probabilities[id] /= keptTotal;
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
  // Rounding can leave the sum a hair under 1.
  return last;
}

/** Natural logarithm of softmax(logits)[id]: what the model itself gave the token, unfiltered. */
export function logProbability(logits: Float32Array, id: number): number {
  let highest = Number.NEGATIVE_INFINITY;
  for (const logit of logits) if (logit > highest) highest = logit;
  let total = 0;
  for (const logit of logits) total += Math.exp(logit - highest);
  return logits[id] - highest - Math.log(total);
}

/** The allowed ids, most likely first, ties by id. */
function rankedIds(logits: Float32Array, allowed?: Uint32Array): Uint32Array {
  const ids = new Uint32Array(logits.length);
  let size = 0;
  for (let id = 0; id < logits.length; id++) {
    if (allowed === undefined || isInMask(allowed, id)) ids[size++] = id;
  }
  return ids.subarray(0, size).sort((a, b) => logits[b] - logits[a] || a - b);
}

function cutTopK(ranked: Uint32Array, logits: Float32Array, topK: number): number {
  if (topK === 0 || topK >= ranked.length) return ranked.length;
  let size = topK;
  while (size < ranked.length && logits[ranked[size]] === logits[ranked[topK - 1]]) size++;
  return size;
}
