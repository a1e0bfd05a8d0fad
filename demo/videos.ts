/**
 * The whole process on videos, in about five minutes: clips, canonical AVC bytes, BPE, shards,
 * training, and clips that the model continues from their first ten frames.
 */
import { readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { CodecLmError, messageOf } from '../base/error.ts';
import { chooseBackend } from '../compute/choose.ts';
import { checkContinuations } from './check-continuations.ts';
import { writeClips } from './clips.ts';
import { clearFolder } from './folder.ts';
import { say, step } from './steps.ts';

/** Clips in the corpus, and others that are continued, of another photograph and motion each. */
const CLIPS = 288;
const PROMPTS = 6;
const NEXT_PROMPT = 9;

const SIZE = '64x48';
/** Three of four clips of this size are shorter. */
const SEQ_LEN = 1536;
/** Few merges for a small corpus, as in the demo of images. */
const MERGES = 64;

/**
 * Many small steps: a clip continues its movement by copying from earlier tokens, and a model
 * learns to copy by the number of steps more than by its size.
 */
const MODEL = ['hiddenSize=128', 'heads=2', 'kvHeads=2', 'intermediateSize=320'];
const TRAINING = ['optim.lr=3e-3', 'optim.minLr=3e-4', 'train.gradAccumulation=1'];

/** Steps that take two to three minutes; `wasm` computes on one thread, several times slower. */
const STEPS = { native: 900, wasm: 150 } as const;

const PROMPT_FRAMES = 10;
/** The longest clip of this size takes four thousand tokens. */
const MAX_TOKENS = 4096;
/**
 * A model that was trained for minutes is often uncertain: at temperature 1, one block in ten is
 * noise.
 */
const TEMPERATURE = '0.6';

async function main(): Promise<void> {
  const folder = process.argv[2] ?? 'demo-output-video';
  await clearFolder(folder);
  const [corpus, prompts, dataset, run, samples, page] = [
    ...['corpus', 'prompts', 'dataset', 'run', 'samples', 'index.html'],
  ].map((name) => join(folder, name));

  say(`1/6  ${CLIPS} clips: photographs panned over and zoomed into, test pictures -> ${corpus}`);
  await writeClips(corpus, CLIPS);
  for (let i = 0; i < PROMPTS; i++) await writeClips(prompts, 1, CLIPS + i * NEXT_PROMPT);

  say('2/6  clips -> canonical AVC bytes -> BPE tokens -> Parquet shards');
  const settings = ['--size', SIZE, '--profile', 'reproducible', '--merges', String(MERGES)];
  const seqLen = ['--seq-len', String(SEQ_LEN)];
  const heldOut = ['--val-fraction', '0.05'];
  await step('pipeline', [
    ...['run', 'videos', corpus, '--out', dataset],
    ...[...settings, ...seqLen, ...heldOut],
  ]);
  await step('shards', ['inspect', dataset]);

  const backend = await chooseBackend();
  const steps = STEPS[backend.name];
  say(`3/6  a Llama of under a million parameters learns them, ${steps} steps on ${backend.name}`);
  const ends = [
    ...[`train.steps=${steps}`, `train.seqLen=${SEQ_LEN}`, `train.saveEvery=${steps}`],
    `train.evalEvery=${Math.round(steps / 6)}`,
  ];
  const set = [...MODEL.map((setting) => `model.${setting}`), ...TRAINING, ...ends];
  await step('trainer', [
    ...['fit', '--preset', 'tiny-video', '--data', dataset, '--out', run],
    ...set.flatMap((setting) => ['--set', setting]),
  ]);

  say(`4/6  and goes on with clips it has not seen, from their first ${PROMPT_FRAMES} frames`);
  const checkpoint = join(run, 'checkpoints', `step-${String(steps).padStart(8, '0')}`);
  await step('trainer', [
    ...['sample', '--checkpoint', checkpoint, '--to', samples, '--num', '1'],
    ...['--prompt', prompts, '--prompt-frames', String(PROMPT_FRAMES)],
    ...['--max-tokens', String(MAX_TOKENS), '--temperature', TEMPERATURE],
  ]);

  say(`5/6  each continuation: 15 frames, the first ${PROMPT_FRAMES} the prompt’s own bytes?`);
  const clips = (await readdir(prompts)).sort().map((name) => join(prompts, name));
  const codec = { width: 64, height: 48, profile: 'reproducible' as const };
  const checked = await checkContinuations(samples, clips, PROMPT_FRAMES, codec);
  process.stdout.write(`${checked} of ${checked} are.\n`);

  say('6/6  a page with inputs, loss curve and continuations');
  await step('trainer', ['report', run, '--data', dataset, '--samples', samples, '--html', page]);
  const pages = [page, join(samples, 'index.html')].map((path) => relative(process.cwd(), path));
  process.stdout.write(
    `\nOpen ${pages[0]} in a browser, and ${pages[1]} for prompts beside continuations.\n`,
  );
}

main().catch((error) => {
  process.stderr.write(`demo:video: ${messageOf(error)}\n`);
  process.exitCode = error instanceof CodecLmError ? error.exitCode : 1;
});
