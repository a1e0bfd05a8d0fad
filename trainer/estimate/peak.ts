/**
 * Measures the peak speed of the device, the reference of MFU when the configuration names none.
 */
import type { Tensor2D } from '@tensorflow/tfjs';
import type { Backend } from '../../compute/choose.ts';
import type { LlamaConfig } from '../model/config.ts';
import { linear, type Precision } from '../ops/linear.ts';

/** Most operations in one measured product: large enough to use the device fully. */
const MOST_OPERATIONS = { gpu: 2 * 4096 ** 3, native: 2 * 1024 ** 3, wasm: 2 * 384 ** 3 } as const;
/** Enough rounds that on a busy machine at least one product has it to itself. */
const FEWEST_ROUNDS = 5;
const MEASURE_MS = 150;

/** [rows, inputs] x [inputs, outputs] */
type Product = readonly [rows: number, inputs: number, outputs: number];

export interface StepWork {
  model: LlamaConfig;
  /** Tokens in a micro batch. */
  tokens: number;
  precision: Precision;
}

/**
 * Measures the layers' own op in the shapes and precision of the step, and a large square product,
 * and returns the best result.
 * @param measure measures one product, in operations per second
 * @returns floating-point operations per second
 */
export async function measurePeakFlops(
  backend: Backend,
  work: StepWork,
  measure = rateOf,
): Promise<number> {
  let best = 0;
  for (const precision of new Set([work.precision, 'fp32' as const])) {
    for (const product of productsOf(backend, work)) {
      best = Math.max(best, await measure(backend, product, precision));
    }
  }
  return best;
}

/**
 * The two products of the feed-forward layer, which are most of the work, that of the logits, and a
 * square one.
 */
function productsOf(backend: Backend, { model, tokens }: StepWork): Product[] {
  const { hiddenSize, intermediateSize, vocabSize } = model;
  const most = MOST_OPERATIONS[backend.device === 'gpu' ? 'gpu' : backend.name];
  const side = Math.round(Math.cbrt(most / 2));
  const layers: Product[] = [
    [tokens, hiddenSize, intermediateSize],
    [tokens, intermediateSize, hiddenSize],
    [tokens, hiddenSize, vocabSize],
  ];
  const cut = layers.map(([rows, inputs, outputs]): Product => {
    const fit = Math.max(1, Math.floor(most / (2 * inputs * outputs)));
    return [Math.min(rows, fit), inputs, outputs];
  });
  return [[side, side, side], ...cut];
}

async function rateOf(
  backend: Backend,
  [rows, inputs, outputs]: Product,
  precision: Precision,
): Promise<number> {
  const { tf } = backend;
  const x = tf.fill([rows, inputs], 0.5) as Tensor2D;
  const weight = tf.fill([outputs, inputs], 0.5) as Tensor2D;
  let best = 0;
  const until = performance.now() + MEASURE_MS;
  for (let round = 0; round <= FEWEST_ROUNDS || performance.now() < until; round++) {
    const started = performance.now();
    const corner = tf.tidy(() => {
      const product = linear(backend, x, weight, precision);
      return tf.slice(product, [0, 0], [1, 1]);
    });
    // Reading one number waits for all products and transfers almost nothing.
    await corner.data();
    const seconds = (performance.now() - started) / 1000;
    corner.dispose();
    // The first round includes choosing kernels and is not counted.
    if (round > 0) best = Math.max(best, (2 * rows * inputs * outputs) / seconds);
  }
  tf.dispose([x, weight]);
  return best;
}
