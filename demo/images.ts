/**
 * The whole process on real photographs, in about five minutes: corpus, canonical JPEG bytes, BPE,
 * shards, training, samples, and a page that shows them.
 */
import { join, relative } from 'node:path';
import { CodecLmError, messageOf } from '../base/error.ts';
import { chooseBackend } from '../compute/choose.ts';
import { writeCrops } from './crops.ts';
import { clearFolder } from './folder.ts';
import { say, step } from './steps.ts';

/** Pictures in the corpus: enough for a model to see each a few times in minutes. */
const PICTURES = 640;

/** Optimizer steps that fit the five minutes; `wasm` computes on one thread, several times slower. */
const STEPS = { native: 150, wasm: 40 } as const;

/**
 * Few merges for a small corpus: each merged token is rarer than its bytes, and a quarter of a
 * million bytes contain too few of each of 320 tokens to learn from.
 */
const MERGES = 32;

async function main(): Promise<void> {
  const folder = process.argv[2] ?? 'demo-output';
  await clearFolder(folder);
  const corpus = join(folder, 'corpus');
  const dataset = join(folder, 'dataset');
  const run = join(folder, 'run');
  const samples = join(folder, 'samples');
  const page = join(folder, 'index.html');

  say(`1/5  ${PICTURES} crops of public-domain photographs -> ${corpus}`);
  await writeCrops(corpus, PICTURES);

  say('2/5  corpus -> canonical JPEG bytes -> BPE tokens -> Parquet shards');
  await step('pipeline', [
    ...['run', 'images', corpus, '--out', dataset, '--size', '64'],
    ...['--merges', String(MERGES), '--seq-len', '512'],
  ]);
  await step('shards', ['inspect', dataset]);

  const backend = await chooseBackend();
  const steps = STEPS[backend.name];
  say(`3/5  a Llama of 3 million parameters learns them, ${steps} steps on ${backend.name}`);
  const settings = [`train.steps=${steps}`, 'train.seqLen=512', 'train.microBatch=4'];
  await step('trainer', [
    ...['fit', '--preset', 'tiny', '--data', dataset, '--out', run],
    ...settings.flatMap((setting) => ['--set', setting]),
  ]);

  const checkpoint = join(run, 'checkpoints', `step-${String(steps).padStart(8, '0')}`);
  say('4/5  and writes pictures of its own');
  await step('trainer', ['sample', '--checkpoint', checkpoint, '--num', '16', '--to', samples]);

  say('5/5  a page with inputs, loss curve and samples');
  await step('trainer', ['report', run, '--data', dataset, '--samples', samples, '--html', page]);
  process.stdout.write(`\nOpen ${relative(process.cwd(), page)} in a browser.\n`);
}

main().catch((error) => {
  process.stderr.write(`demo: ${messageOf(error)}\n`);
  process.exitCode = error instanceof CodecLmError ? error.exitCode : 1;
});
