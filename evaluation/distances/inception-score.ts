/**
 * Inception score (Salimans et al. 2016): exp E KL(p(y|x) || p(y)) of the classes that the network
 * sees. Splits and their order are torch-fidelity's: ten, shuffled by the seed.
 */
import type { Rows } from '../npz/statistics.ts';
import type { NumpyRandom } from './numpy-random.ts';

const SPLITS = 10;

export interface InceptionScore {
  readonly mean: number;
  readonly deviation: number;
}

/** @returns undefined for fewer pictures than splits */
export function inceptionScore(logits: Rows, random: NumpyRandom): InceptionScore | undefined {
  const { count } = logits;
  if (count < SPLITS) return undefined;
  const order = random.permutation(count);
  const scores = Array.from({ length: SPLITS }, (_, i) => {
    const [from, end] = [i, i + 1].map((split) => Math.floor((split * count) / SPLITS));
    return scoreOf(logits, order.subarray(from, end));
  });
  const mean = scores.reduce((sum, score) => sum + score, 0) / SPLITS;
  const squares = scores.reduce((sum, score) => sum + (score - mean) ** 2, 0);
  return { mean, deviation: Math.sqrt(squares / SPLITS) };
}

function scoreOf({ dims, data }: Rows, pictures: Uint32Array): number {
  const marginal = new Float64Array(dims);
  // KL(p || q) = sum p log p - sum p log q: the second needs q, which needs all pictures.
  let entropies = 0;
  for (const picture of pictures) {
    const row = data.subarray(picture * dims, (picture + 1) * dims);
    let most = Number.NEGATIVE_INFINITY;
    for (const value of row) most = Math.max(most, value);
    let total = 0;
    for (let c = 0; c < dims; c++) total += Math.exp(row[c] - most);
    const log = Math.log(total) + most;
    for (let c = 0; c < dims; c++) {
      const p = Math.exp(row[c] - log);
      marginal[c] += p / pictures.length;
      entropies += p * (row[c] - log);
    }
  }
  let crossed = 0;
  for (const q of marginal) if (q > 0) crossed += q * Math.log(q);
  return Math.exp(entropies / pictures.length - crossed);
}
