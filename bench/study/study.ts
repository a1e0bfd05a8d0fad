/**
 * The paper's comparison in miniature: one corpus, one Llama, as many tokens for each, and the symbols
 * of a JPEG codec, of a VQ model and of pixels. Only the project's own commands run, one after the other;
 * the same command again goes on.
 *
 *     npm run study -- [--scale 1] [--to .study] [--features MOBILENET.pth] [--doc docs/study.md]
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { readMetrics } from '../../trainer/index.ts';
import { studyCorpus } from './corpus.ts';
import { armsOf, SIZE, sizeOf } from './plan.ts';
import { writeStudy } from './report.ts';
import type { ArmResult } from './result.ts';
import { Steps } from './steps.ts';

const { values } = parseArgs({
  options: {
    scale: { type: 'string', default: '1' },
    to: { type: 'string', default: '.study' },
    features: { type: 'string' },
    doc: { type: 'string', default: 'docs/study.md' },
  },
});
const size = sizeOf(Number(values.scale));
const root = join(values.to, `scale-${values.scale}`);
const vqModel = join(root, 'vq');
const { train, held } = await studyCorpus(values.to, size.pictures);
const steps = new Steps(root, { CODEC_LM_VQ: vqModel });

const vqTraining = await steps.run('vq-model', 'tokenizer', [
  ...['train', '--codec', 'vq', train, '--to', vqModel, '--size', String(SIZE), '--json'],
  ...['--background', 'white', '--steps', String(size.vqSteps), '--save-every', '100'],
]);

const set = (pairs: Readonly<Record<string, string | number>>) =>
  Object.entries(pairs).flatMap(([key, value]) => ['--set', `${key}=${value}`]);
const model = Object.fromEntries(
  Object.entries(size.model).map(([key, value]) => [`model.${key}`, value]),
);

const results: ArmResult[] = [];
for (const arm of armsOf(vqModel, size)) {
  const data = join(root, `data-${arm.name}`);
  const run = join(root, `run-${arm.name}`);
  const evaluation = join(root, `evaluation-${arm.name}`);
  const fold = ['--val-fraction', '0.05', '--out', data];
  const packed = await steps.run(`data-${arm.name}`, 'pipeline', [
    ...['run', 'images', train, ...arm.options, ...fold],
  ]);
  const trained = await steps
    .run(`fit-${arm.name}`, 'trainer', [
      ...['fit', '--preset', 'tiny', '--data', data, '--out', run, '--json'],
      ...set({ ...model, 'train.steps': size.steps, 'train.microBatch': arm.microBatch }),
      ...set({ 'train.evalEvery': Math.max(1, Math.floor(size.steps / 4)), 'train.saveEvery': 50 }),
    ])
    .catch(async (error) => {
      // A run that was begun goes on by its own command.
      if (!(await hasBegun(run))) throw error;
      return steps.run(`fit-${arm.name}-resumed`, 'trainer', [
        'fit',
        '--resume',
        '--out',
        run,
        '--json',
      ]);
    });
  const evaluated = await steps.run(`evaluation-${arm.name}`, 'trainer', [
    ...['evaluate', 'run', '--checkpoint', run, '--images', held, '--to', evaluation, '--json'],
    ...['--num', String(size.evaluated), '--seeds', String(size.seeds), '--unconditional'],
    ...(values.features ? ['--features', values.features] : []),
  ]);
  results.push({
    arm,
    manifest: JSON.parse(await readFile(join(data, 'dataset.json'), 'utf8')),
    metrics: await readMetrics(run),
    table: JSON.parse(await readFile(join(evaluation, 'table.json'), 'utf8')),
    evaluation,
    seconds: { data: packed.seconds, fit: trained.seconds, evaluation: evaluated.seconds },
  });
}

const compared = await steps.run('compare', 'tokenizer', [
  ...['compare', held, '--num', '48', '--json', '--to', join(root, 'compare.html')],
  ...results.flatMap(({ arm }) => ['--codec', arm.compared]),
]);
await writeStudy(values.doc, {
  ...{ size, results, command: `npm run study -- --scale ${values.scale}` },
  vq: { ...JSON.parse(vqTraining.stdout), seconds: vqTraining.seconds },
  compared: compared.stdout.split('\n').map((line) => JSON.parse(line)),
});
console.log(values.doc);

async function hasBegun(run: string): Promise<boolean> {
  return readFile(join(run, 'config.yaml')).then(
    () => true,
    () => false,
  );
}
