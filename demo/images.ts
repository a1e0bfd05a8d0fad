/**
 * The whole process on pictures, in about six minutes: what the model that comes with the repository
 * writes, then letters of fonts, canonical JPEG bytes, BPE, shards, training from nothing, samples
 * at several steps, completions, and a page that shows them.
 */
import { join, relative } from 'node:path';
import { CodecLmError, messageOf } from '../base/error.ts';
import { chooseBackend } from '../compute/choose.ts';
import { SHOWCASE_MODEL } from '../showcase/model-folder.ts';
import { clearFolder } from './folder.ts';
import { writeLearningPage } from './learning-page.ts';
import { writeDemoLetters } from './letters.ts';
import { say, step } from './steps.ts';

/** Optimizer steps that fit five minutes; `wasm` computes on one thread, several times slower. */
const STEPS = { native: 1000, wasm: 100 } as const;

/** Parts of the training after which samples are drawn. */
const SHOWN_AT = [0.1, 0.3, 0.6, 1];

/** As in showcase/recipe.yaml. */
const SETTINGS = [
  ...['model.hiddenSize=192', 'model.heads=3', 'model.kvHeads=3', 'model.intermediateSize=512'],
  ...['data.docMask=true', 'train.seqLen=512', 'train.microBatch=4', 'train.gradAccumulation=1'],
  ...['optim.lr=3e-3', 'optim.warmupSteps=50', 'train.keepLast=0'],
];

const INTRODUCTION = `This takes about six minutes on two cores of its own, nearly all of it training. It
downloads nothing: fonts came with npm ci. It writes about 300 MB to the folder`;

async function main(): Promise<void> {
  const folder = process.argv[2] ?? 'demo-output';
  await clearFolder(folder);
  const [letters, heldOut, prompts, dataset, run, shipped, completions, page, report] = [
    ...['letters', 'held-out', 'prompts', 'dataset', 'run', 'shipped', 'completions'],
    ...['index.html', 'report.html'],
  ].map((name) => join(folder, name));
  process.stdout.write(`${INTRODUCTION} ${folder}.\n`);

  say('1/6  the model that comes with the repository writes pictures');
  const sample = ['sample', '--num', '16', '--checkpoint'];
  const model = relative(process.cwd(), SHOWCASE_MODEL);
  await step('trainer', [...sample, model, '--to', shipped]);
  process.stdout.write(`Look at ${join(shipped, 'sheet.png')} while the rest runs.\n`);

  say(`2/6  letters of fonts, to train a model from nothing -> ${letters}`);
  const counts = await writeDemoLetters(letters, heldOut, prompts);
  process.stdout.write(`${counts.learned} pictures of ${counts.families} families of fonts\n`);

  say('3/6  letters -> canonical JPEG bytes -> BPE tokens -> Parquet shards');
  await step('pipeline', [
    ...['run', 'images', letters, '--out', dataset, '--size', '128', '--quality', '10'],
    ...['--seq-len', '512', '--val-fraction', '0.02'],
  ]);
  await step('shards', ['inspect', dataset]);

  const backend = await chooseBackend();
  const steps = STEPS[backend.name];
  say(`4/6  a Llama of two million parameters learns them, ${steps} steps on ${backend.name}`);
  const often = steps / 10;
  const ends = [`train.steps=${steps}`, `train.saveEvery=${often}`, `train.evalEvery=${often}`];
  await step('trainer', [
    ...['fit', '--preset', 'tiny', '--data', dataset, '--out', run],
    ...[...SETTINGS, ...ends].flatMap((setting) => ['--set', setting]),
  ]);
  const stages = SHOWN_AT.map((part) => {
    const at = Math.round(part * steps);
    const name = `step-${String(at).padStart(8, '0')}`;
    return { step: at, checkpoint: join(run, 'checkpoints', name), samples: join(folder, name) };
  });
  for (const { checkpoint, samples } of stages) {
    await step('trainer', [...sample, checkpoint, '--to', samples]);
  }

  say('5/6  the shipped model completes letters of a font it has not seen, from their upper half');
  await step('trainer', [
    ...['sample', '--checkpoint', model, '--num', '4', '--to', completions],
    ...['--prompt', prompts, '--prompt-ratio', '0.5', '--token-healing'],
  ]);

  say('6/6  pages');
  const last = stages[stages.length - 1];
  await step('trainer', [
    ...['report', run, '--data', dataset, '--samples', last.samples, '--html', report],
  ]);
  await writeLearningPage({ page, shipped, run, stages, completions });
  const open = relative(process.cwd(), page);
  process.stdout.write(`\nOpen ${open} in a browser. Serve the model that comes along:\n`);
  process.stdout.write('  npx codec-lm trainer serve --checkpoint showcase/model\n');
}

main().catch((error) => {
  process.stderr.write(`demo: ${messageOf(error)}\n`);
  process.exitCode = error instanceof CodecLmError ? error.exitCode : 1;
});
