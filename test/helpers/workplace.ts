/** A small dataset of real pictures, made by the pipeline's own command line, and a model that learns it in seconds. Few merges leave the headers to be learned. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { writeCrops } from '../../demo/crops.ts';

export interface Workplace {
  /** Scratch folder. */
  folder: string;
  /** Dataset directory: 32x32 images in sequences of 128 tokens, with a val split. */
  data: string;
  /** The pictures it was made of. */
  corpus: string;
  remove(): Promise<void>;
}

/** Two blocks of 64: enough to learn a header and markers within 60 steps. */
export const SMALL = [
  ...['model.hiddenSize=64', 'model.layers=2', 'model.heads=4', 'model.kvHeads=2'],
  ...['model.intermediateSize=160', 'train.microBatch=4', 'optim.lr=3e-3', 'optim.warmupSteps=5'],
].flatMap((setting) => ['--set', setting]);

export function run(program: string, args: string[], env: Record<string, string> = {}) {
  return execa('node', [`bin/${program}.js`, ...args], { reject: false, env });
}

export async function makeWorkplace(): Promise<Workplace> {
  const folder = await mkdtemp(join(tmpdir(), 'codec-lm-trainer-'));
  const corpus = join(folder, 'corpus');
  const data = join(folder, 'data');
  await writeCrops(corpus, 96);
  const made = await run('pipeline', [
    ...['run', 'images', corpus, '--out', data, '--size', '32', '--merges', '8'],
    ...['--seq-len', '128', '--val-fraction', '0.1'],
  ]);
  if (made.exitCode !== 0) throw new Error(made.stderr);
  return { folder, corpus, data, remove: () => rm(folder, { recursive: true, force: true }) };
}

export function checkpoint(out: string, step: number): string {
  return join(out, 'checkpoints', `step-${String(step).padStart(8, '0')}`);
}
