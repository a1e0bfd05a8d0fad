/**
 * Loss curves of one run in fp32 and in bf16: the same data, order, seed and weights.
 * Usage: curves.ts DATASET [STEPS = 100] [PRESET = tiny] [KEY=VALUE …]. Prints a table in Markdown.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chooseBackend } from '../../compute/choose.ts';
import { resolveConfig } from '../../trainer/config/config.ts';
import { train } from '../../trainer/fit/train.ts';
import { readSeries } from '../../trainer/report/series.ts';

const ROWS = 10;
const PRECISIONS = ['fp32', 'bf16'] as const;

const [data, stepsText = '100', preset = 'tiny', ...more] = process.argv.slice(2);
if (!data) throw new Error('usage: curves.ts DATASET [STEPS] [PRESET] [KEY=VALUE …]');
const steps = Number(stepsText);
const every = Math.ceil(steps / ROWS);
const folder = await mkdtemp(join(tmpdir(), 'codec-lm-curves-'));
try {
  const curves = [];
  for (const precision of PRECISIONS) {
    const out = join(folder, precision);
    const set = [`train.precision=${precision}`, `train.steps=${steps}`, 'train.saveEvery=0'];
    const config = await resolveConfig({ preset, set: [...set, 'train.seqLen=512', ...more] });
    await train({ config, data, out, chooseBackend: () => chooseBackend() });
    curves.push(await readSeries(out));
  }
  console.log('| step | fp32 | bf16 | difference |\n|---|---|---|---|');
  const line = (name: string, [exact, ours]: number[]) =>
    console.log(
      `| ${name} | ${exact.toFixed(4)} | ${ours.toFixed(4)} | ${(100 * (ours / exact - 1)).toFixed(2)} % |`,
    );
  for (const [i, { step }] of curves[0].train.entries()) {
    if (step !== 1 && step % every !== 0) continue;
    line(
      String(step),
      curves.map((curve) => curve.train[i].loss),
    );
  }
  const validations = curves.map(({ val }) => val.at(-1)?.loss);
  if (validations.every((loss) => loss !== undefined)) line('validation', validations as number[]);
} finally {
  await rm(folder, { recursive: true, force: true });
}
