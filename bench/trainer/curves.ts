/**
 * Loss curves of one run in fp32 and in bf16: the same data, order, seed and weights. A third run, in fp32
 * with TensorFlow's own ops in place of the kernels, sums in another order and rounds otherwise: what it
 * differs by is what any rounding does to the run.
 * Usage: curves.ts DATASET [STEPS = 100] [PRESET = tiny] [KEY=VALUE …]. Prints a table in Markdown, nats a
 * token.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Backend, chooseBackend } from '../../compute/choose.ts';
import { resolveConfig } from '../../trainer/config/config.ts';
import { train } from '../../trainer/fit/train.ts';
import type { Precision } from '../../trainer/ops/linear.ts';
import { readSeries } from '../../trainer/report/series.ts';

const ROWS = 10;

const [data, stepsText = '100', preset = 'tiny', ...more] = process.argv.slice(2);
if (!data) throw new Error('usage: curves.ts DATASET [STEPS] [PRESET] [KEY=VALUE …]');
const steps = Number(stepsText);
const every = Math.ceil(steps / ROWS);
const backend = await chooseBackend();
const runs: [name: string, precision: Precision, on: Backend][] = [
  ['fp32', 'fp32', backend],
  ['bf16', 'bf16', backend],
];
if (backend.hasKernels) runs.push(['fp32, other ops', 'fp32', { ...backend, hasKernels: false }]);
const folder = await mkdtemp(join(tmpdir(), 'codec-lm-curves-'));
try {
  const curves = [];
  for (const [name, precision, on] of runs) {
    const out = join(folder, name);
    const set = [`train.precision=${precision}`, `train.steps=${steps}`, 'train.saveEvery=0'];
    const config = await resolveConfig({ preset, set: [...set, 'train.seqLen=512', ...more] });
    await train({ config, data, out, chooseBackend: async () => on });
    curves.push(await readSeries(out));
  }
  const others = runs.slice(1).map(([name]) => `${name} | difference`);
  console.log(`| step | fp32 | ${others.join(' | ')} |`);
  console.log(`|---${'|---'.repeat(2 * others.length + 1)}|`);
  const line = (name: string, [exact, ...rest]: number[]) => {
    const compared = rest.map(
      (loss) => `${loss.toFixed(4)} | ${(100 * (loss / exact - 1)).toFixed(2)} %`,
    );
    console.log(`| ${[name, exact.toFixed(4), ...compared].join(' | ')} |`);
  };
  for (const [i, { step }] of curves[0].train.entries()) {
    if (step !== 1 && step % every !== 0) continue;
    line(
      String(step),
      curves.map((curve) => curve.train[i].loss),
    );
  }
  const mean = (losses: { loss: number }[]) =>
    losses.reduce((sum, { loss }) => sum + loss, 0) / losses.length;
  line(
    `mean of the last ${every}`,
    curves.map((curve) => mean(curve.train.slice(-every))),
  );
  const validations = curves.map(({ val }) => val.at(-1)?.loss);
  if (validations.every((loss) => loss !== undefined)) line('validation', validations as number[]);
} finally {
  await rm(folder, { recursive: true, force: true });
}
