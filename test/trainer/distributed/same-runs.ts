/** Whether two runs are one: their losses, and the tensors of their checkpoints. */
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { readSafetensors } from '../../../base/safetensors/safetensors.ts';
import { readSeries } from '../../../trainer/report/series.ts';

/**
 * @param tolerance relative, of every loss of training and validation
 * @returns the largest difference
 */
export async function sameSeries(
  t: ExecutionContext,
  a: string,
  b: string,
  tolerance: number,
): Promise<number> {
  const [mine, theirs] = [await readSeries(a), await readSeries(b)];
  let worst = 0;
  for (const split of ['train', 'val'] as const) {
    // A run in parts has been evaluated at the end of each.
    const steps = theirs[split].map(({ step }) => step);
    const rows = mine[split].filter(({ step }) => steps.includes(step));
    t.deepEqual(
      rows.map(({ step }) => step),
      steps,
    );
    for (const [i, { step, loss, tokens }] of rows.entries()) {
      const expected = theirs[split][i];
      t.is(tokens, expected.tokens, `tokens of ${split} step ${step}`);
      const off = Math.abs(loss / expected.loss - 1);
      t.true(off <= tolerance, `${split} loss of step ${step}: ${loss} and ${expected.loss}`);
      worst = Math.max(worst, off);
    }
  }
  return worst;
}

/**
 * @param tolerance of weights and moments, relative to the largest of their tensor
 * @returns the largest difference
 */
export async function sameTensors(
  t: ExecutionContext,
  a: string,
  b: string,
  tolerance: number,
): Promise<number> {
  let worst = 0;
  for (const file of ['model.safetensors', 'optimizer.safetensors']) {
    const [mine, theirs] = [
      await readSafetensors(join(a, file)),
      await readSafetensors(join(b, file)),
    ];
    t.deepEqual([...mine.tensors.keys()], [...theirs.tensors.keys()]);
    for (const [name, { shape, data }] of theirs.tensors) {
      const found = mine.tensors.get(name)!;
      t.deepEqual(found.shape, shape);
      const largest = data.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
      const off = data.reduce((max, value, i) => Math.max(max, Math.abs(value - found.data[i])), 0);
      t.true(off <= tolerance * largest, `${name}: ${off} of ${largest}`);
      if (largest > 0) worst = Math.max(worst, off / largest);
    }
  }
  return worst;
}
