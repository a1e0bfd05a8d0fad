/**
 * `npm run train:showcase`: makes the model in showcase/model again, from the fonts on.
 *
 *     npm run train:showcase -- [FOLDER] [--steps N]
 *
 * The same command goes on after a stop. `--steps N` stops after N of the steps, which are the
 * first N of the whole training; beside each loss stands the one that was recorded.
 */
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { CodecLmError, messageOf } from '../base/error.ts';
import { say, step } from '../demo/steps.ts';
import { exportCheckpoint, fit, readMetrics } from '../trainer/index.ts';
import { writeCorpus } from './corpus/corpus.ts';
import { SIDE } from './corpus/write.ts';
import { formatCurve, parseCurve, readCurve } from './curve.ts';
import { drawCurve } from './curve-picture.ts';
import { drawPictures } from './pictures.ts';

const RECIPE = fileURLToPath(new URL('recipe.yaml', import.meta.url));
const SHOWN_EVERY = 10;

/**
 * The recorded curve was computed by TensorFlow's own ops. The kernels of set-up round differently, and
 * after 190 steps that is 1.4 % of the loss.
 */
process.env.CODEC_LM_KERNELS ??= 'off';

async function main(): Promise<void> {
  const { folder, steps } = argumentsOf(process.argv.slice(2));
  const [letters, dataset, run] = ['letters', 'dataset', 'run'].map((name) => join(folder, name));
  say(`1/4  letters of open fonts -> ${letters}`);
  await writeCorpus(letters);

  say('2/4  letters -> canonical JPEG bytes -> BPE tokens -> Parquet shards');
  await step('pipeline', [
    ...['run', 'images', join(letters, 'learned'), '--out', dataset, '--size', String(SIDE)],
    ...['--quality', '10', '--seq-len', '512', '--val-fraction', '0.01'],
  ]);

  say(`3/4  training by showcase/recipe.yaml -> ${run}; the same command goes on after a stop`);
  const isWhole = await train(dataset, run, steps);
  if (!isWhole) return;

  say('4/4  the model, its curve, its samples and completions');
  const curve = formatCurve(await readMetrics(run));
  await writeFile(join(folder, 'curve.csv'), curve);
  await writeFile(join(folder, 'curve.svg'), drawCurve(parseCurve(curve)));
  const model = join(folder, 'model');
  if (!existsSync(model)) await exportCheckpoint({ checkpoint: run, to: model, precision: 'bf16' });
  await drawPictures(model, join(letters, 'held-out'), join(folder, 'pictures'));
}

/** @returns whether the training is complete */
async function train(data: string, out: string, steps: number): Promise<boolean> {
  const recorded = await readCurve();
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort());
  const { interrupted } = await fit({
    config: RECIPE,
    data,
    out,
    resume: true,
    signal: stop.signal,
    onEvent(event) {
      if (event.type === 'evaluation') {
        process.stdout.write(
          `step ${event.metrics.step}: validation loss ${event.metrics.loss.toFixed(4)}\n`,
        );
      }
      if (event.type !== 'step') return;
      const { step: at, loss, tokensPerSecond } = event.metrics;
      if (at % SHOWN_EVERY === 0) {
        const before = recorded.find((point) => point.step === at)?.loss;
        const beside = before === undefined ? '' : ` (recorded ${before.toFixed(4)})`;
        process.stdout.write(
          `step ${at}/${event.steps}: loss ${loss.toFixed(4)}${beside}, ${tokensPerSecond.toFixed(0)} tokens/s\n`,
        );
      }
      if (at >= steps) stop.abort();
    },
  });
  return !interrupted;
}

function argumentsOf(args: string[]): { folder: string; steps: number } {
  const usage = 'usage: npm run train:showcase -- [FOLDER] [--steps N]';
  try {
    const options = { steps: { type: 'string' } } as const;
    const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
    const steps = Number(values.steps ?? Number.POSITIVE_INFINITY);
    if (positionals.length > 1 || !(steps >= 1)) throw new CodecLmError('USAGE', usage);
    return { folder: positionals[0] ?? 'showcase-output', steps };
  } catch (error) {
    throw new CodecLmError('USAGE', usage, { cause: error });
  }
}

main().catch((error) => {
  process.stderr.write(`train:showcase: ${messageOf(error)}\n`);
  process.exitCode = error instanceof CodecLmError ? error.exitCode : 1;
});
