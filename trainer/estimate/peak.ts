/** The speed of the device at its best: what MFU is a share of, where nobody says it. */
import type { Backend } from '../backend/choose.ts';

/** Large enough to be worth the device's while, small enough to take no time. */
const SIZES = { gpu: 4096, native: 1024, wasm: 256 } as const;
const ROUNDS = 5;

/** @returns floating-point operations a second of an fp32 matrix product, the best of some */
export async function measurePeakFlops(backend: Backend): Promise<number> {
  const { tf, device, name } = backend;
  const n = SIZES[device === 'gpu' ? 'gpu' : name];
  const a = tf.fill([n, n], 0.5);
  let best = 0;
  for (let round = 0; round <= ROUNDS; round++) {
    const started = performance.now();
    const product = tf.matMul(a, a);
    // Reading one number waits for all of them, and moves nothing.
    const corner = tf.slice(product, [0, 0], [1, 1]);
    await corner.data();
    const seconds = (performance.now() - started) / 1000;
    tf.dispose([product, corner]);
    // The first one finds the kernels.
    if (round > 0) best = Math.max(best, (2 * n ** 3) / seconds);
  }
  a.dispose();
  return best;
}
