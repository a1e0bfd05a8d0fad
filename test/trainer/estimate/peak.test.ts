/** MFU is a share of what the device can do, or it is not said. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Tensor2D } from '@tensorflow/tfjs';
import test from 'ava';
import { chooseBackend } from '../../../trainer/backend/choose.ts';
import { measurePeakFlops } from '../../../trainer/estimate/peak.ts';
import type { LlamaConfig } from '../../../trainer/model/config.ts';
import { linear } from '../../../trainer/ops/linear.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';
import { makeSmallDataset, smallFit } from '../small-run.ts';

const MODEL: LlamaConfig = {
  ...{ vocabSize: 579, hiddenSize: 256, layers: 4, heads: 4, kvHeads: 4, intermediateSize: 640 },
  ...{ ropeTheta: 10_000, normEps: 1e-5, tieEmbeddings: false, maxPositions: 512 },
  ...{ bosId: 576, eosId: 577, padId: 578 },
};

for (const precision of ['fp32', 'bf16'] as const) {
  test.serial(`the layers of a step do not go faster than the peak: ${precision}`, async (t) => {
    const backend = await chooseBackend();
    const { tf } = backend;
    const peak = await measurePeakFlops(backend, { model: MODEL, tokens: 1024, precision });
    const x = tf.fill([256, 256], 0.5) as Tensor2D;
    const weight = tf.fill([640, 256], 0.5) as Tensor2D;
    let best = 0;
    for (let round = 0; round < 8; round++) {
      const started = performance.now();
      const y = linear(backend, x, weight, precision);
      await y.data();
      const seconds = (performance.now() - started) / 1000;
      y.dispose();
      best = Math.max(best, (2 * 256 * 256 * 640) / seconds);
    }
    tf.dispose([x, weight]);
    t.log(`${(peak / 1e9).toFixed(1)} GFLOP/s at best, ${(best / 1e9).toFixed(1)} in the test`);
    // Other work of the machine may slow the one and not the other.
    t.true(peak > 0.7 * best);
  });
}

test.serial('a run that goes faster than its peak has no MFU, not one over 1', async (t) => {
  const folder = await temporaryFolder(t);
  const data = await makeSmallDataset(folder);
  const mfusOf = async (name: string, peakFlops: string) => {
    const out = join(folder, name);
    await smallFit({ data, out, set: ['train.steps=3', `train.peakFlops=${peakFlops}`] });
    const text = await readFile(join(out, 'metrics.jsonl'), 'utf8');
    const lines = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    return lines.filter(({ split }) => split === 'train').map(({ mfu }) => mfu);
  };
  t.deepEqual(await mfusOf('impossible', '1'), [undefined, undefined, undefined]);
  const shares = await mfusOf('possible', '1e12');
  t.true(shares.length === 3 && shares.every((mfu) => mfu > 0 && mfu <= 1));
});
