/** All distances of two sets of features, and how far they would move with other pictures. */
import { frechetDistance, gaussianOf } from './distances/frechet.ts';
import { type InceptionScore, inceptionScore } from './distances/inception-score.ts';
import { type Kid, type KidOptions, kernelDistance } from './distances/kid.ts';
import { type DoubleMath, rowsAt } from './distances/matrix.ts';
import { NumpyRandom } from './distances/numpy-random.ts';
import { NEIGHBOURS, Neighbourhoods, precisionRecall } from './distances/precision-recall.ts';
import type { Rows } from './npz/statistics.ts';
import { type PictureSource, withGaussian } from './source.ts';

export interface DistanceFigures {
  readonly fid: number;
  /** Without features of both sets (a file of mu and sigma alone) there are none of these. */
  readonly kid?: Kid;
  readonly precision?: number;
  readonly recall?: number;
  /** Inception score of the generated pictures, where the network tells classes. */
  readonly inceptionScore?: InceptionScore;
}

export interface FigureOptions extends KidOptions {
  readonly seed: number;
}

export function figuresOf(
  math: DoubleMath,
  reference: PictureSource,
  generated: PictureSource,
  options: FigureOptions,
): DistanceFigures {
  const { seed } = options;
  const fid = frechetOf(math, reference, generated);
  const [a, b] = [reference.features, generated.features];
  const score = generated.logits && inceptionScore(generated.logits, new NumpyRandom(seed));
  if (!a || !b) return { fid, inceptionScore: score };
  // torch-fidelity draws from the generated pictures first.
  const hasNeighbours = Math.min(a.count, b.count) > NEIGHBOURS;
  const neighbourhoods = hasNeighbours ? new Neighbourhoods(b, a) : undefined;
  const beside = neighbourhoods ? [neighbourhoods] : [];
  const kid = kernelDistance(math, b, a, new NumpyRandom(seed), options, beside);
  return { fid, kid, ...neighbourhoods?.result(), inceptionScore: score };
}

/** Covariances are made here and end here: what follows needs the memory. */
function frechetOf(math: DoubleMath, reference: PictureSource, generated: PictureSource): number {
  const [a, b] = [reference, generated].map((side) => withGaussian(math, side).gaussian);
  return frechetDistance(math, a, b);
}

/** Standard deviations over sets drawn from the same pictures with repetition (Efron 1979). */
export interface Errors {
  readonly fid: number;
  readonly precision?: number;
  readonly recall?: number;
}

/** @param draws 2 or more; both sets are drawn anew each time */
export function bootstrap(
  math: DoubleMath,
  reference: Rows,
  generated: Rows,
  { draws, seed, signal }: { draws: number; seed: number; signal?: AbortSignal },
): Errors {
  const random = new NumpyRandom(seed);
  const values: { fid: number; precision?: number; recall?: number }[] = [];
  for (let i = 0; i < draws && !signal?.aborted; i++) {
    const [a, b] = [reference, generated].map((rows) => drawn(rows, random));
    const fid = frechetDistance(math, gaussianOf(math, a), gaussianOf(math, b));
    const hasNeighbours = Math.min(a.count, b.count) > NEIGHBOURS;
    values.push({ fid, ...(hasNeighbours && precisionRecall(math, a, b)) });
  }
  const deviationOf = (key: keyof Errors) => {
    const numbers = values.map((value) => value[key]).filter((value) => value !== undefined);
    return numbers.length === values.length ? deviation(numbers) : undefined;
  };
  return {
    fid: deviationOf('fid')!,
    precision: deviationOf('precision'),
    recall: deviationOf('recall'),
  };
}

function drawn(rows: Rows, random: NumpyRandom): Rows {
  const { data } = rowsAt(rows, random.resample(rows.count));
  return { count: rows.count, dims: rows.dims, data };
}

function deviation(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return Math.sqrt(squares / Math.max(1, values.length - 1));
}
