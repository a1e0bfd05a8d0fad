/** MFU is a share of what the device can do, or it is not said. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { chooseBackend } from '../../../compute/choose.ts';
import { measurePeakFlops } from '../../../trainer/estimate/peak.ts';
import type { LlamaConfig } from '../../../trainer/model/config.ts';
import { makeSmallDataset, smallFit } from '../../helpers/small-run.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';

const MODEL: LlamaConfig = {
  vocabSize: 579,
  hiddenSize: 256,
  layers: 4,
  heads: 4,
  kvHeads: 4,
  intermediateSize: 640,
  ropeTheta: 10_000,
  normEps: 1e-5,
  tieEmbeddings: false,
  maxPositions: 512,
  bosId: 576,
  eosId: 577,
  padId: 578,
};

test.serial("the step's own products are measured, in its precision and in fp32", async (t) => {
  const backend = await chooseBackend();
  const asked: string[] = [];
  const work = { model: MODEL, tokens: 64, precision: 'bf16' as const };
  const peak = await measurePeakFlops(backend, work, async (_, [rows, ins, outs], precision) => {
    asked.push(`${precision} ${rows}x${ins}x${outs}`);
    return ins === outs && precision === 'fp32' ? 7 : 5;
  });
  t.is(peak, 7);
  for (const shape of ['64x256x640', '64x640x256', '64x256x579']) {
    for (const precision of ['fp32', 'bf16']) t.true(asked.includes(`${precision} ${shape}`));
  }
  t.is(asked.length, 8);
});

test.serial('what is measured is a number, and small products are no obstacle', async (t) => {
  const backend = await chooseBackend();
  const { tf } = backend;
  const before = tf.memory().numTensors;
  const peak = await measurePeakFlops(backend, { model: MODEL, tokens: 1, precision: 'fp32' });
  t.true(Number.isFinite(peak) && peak > 0);
  t.is(tf.memory().numTensors, before);
});

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
