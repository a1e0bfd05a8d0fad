/** Pearson's correlation, and how likely one as strong is by chance. */
import { CodecLmError } from '../../../base/error.ts';

export interface Correlation {
  readonly r: number;
  /** Two-sided, of Student's t with n - 2 degrees of freedom. */
  readonly p: number;
  readonly n: number;
}

/** @throws CodecLmError `PICTURES_TOO_FEW` for fewer than three pairs, or values that are all equal */
export function pearson(x: readonly number[], y: readonly number[]): Correlation {
  const n = x.length;
  if (n < 3) {
    throw new CodecLmError(
      'PICTURES_TOO_FEW',
      `a correlation of ${n} pairs: it needs three or more`,
    );
  }
  const [meanX, meanY] = [x, y].map((values) => values.reduce((sum, value) => sum + value, 0) / n);
  let [xx, yy, xy] = [0, 0, 0];
  for (let i = 0; i < n; i++) {
    const [a, b] = [x[i] - meanX, y[i] - meanY];
    xx += a * a;
    yy += b * b;
    xy += a * b;
  }
  if (xx === 0 || yy === 0) {
    throw new CodecLmError(
      'PICTURES_TOO_FEW',
      'a correlation of values that are all equal is none',
    );
  }
  const r = Math.min(1, Math.max(-1, xy / Math.sqrt(xx * yy)));
  const freedom = n - 2;
  // t^2 / (freedom + t^2) is r^2: the tail is a beta distribution's.
  return { r, p: incompleteBeta(freedom / 2, 0.5, 1 - r * r), n };
}

/**
 * The regularized incomplete beta function I_x(a, b), by its continued fraction (Abramowitz and Stegun
 * 26.5.8), to about 1e-14.
 */
export function incompleteBeta(a: number, b: number, x: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  // The fraction converges quickly on this side of the mean; the other side is its mirror image.
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(b, a, 1 - x);
  const logFront =
    logGamma(a + b) -
    logGamma(a) -
    logGamma(b) +
    a * Math.log(x) +
    b * Math.log1p(-x) -
    Math.log(a);
  return Math.exp(logFront) * fraction(a, b, x);
}

const MOST_TERMS = 10_000;
const TINY = 1e-300;

/** Lentz's evaluation of the continued fraction. */
function fraction(a: number, b: number, x: number): number {
  const kept = (value: number) => (Math.abs(value) < TINY ? TINY : value);
  let c = 1;
  let d = 1 / kept(1 - ((a + b) * x) / (a + 1));
  let result = d;
  for (let m = 1; m < MOST_TERMS; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    let step = 1;
    for (const term of [even, odd]) {
      d = 1 / kept(1 + term * d);
      c = kept(1 + term / c);
      step = c * d;
      result *= step;
    }
    if (Math.abs(step - 1) < Number.EPSILON) break;
  }
  return result;
}

/** Stirling's series behind as many steps of the recurrence as bring the argument to 12. */
function logGamma(value: number): number {
  let [x, product] = [value, 1];
  for (; x < 12; x++) product *= x;
  const square = 1 / (x * x);
  const series =
    (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square * (1 / 1680 - square / 1188)))) / x;
  return (x - 0.5) * Math.log(x) - x + 0.5 * Math.log(2 * Math.PI) + series - Math.log(product);
}
