/** The trained pair of the showcase, within the matrices of larger models: drawing without the draft and with it. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { WeightsType } from '../../schemas/sample.ts';
import { SHOWCASE_MODEL } from '../../showcase/model-folder.ts';
import { output } from '../pipeline/process.ts';
import { median } from '../pipeline/race.ts';
import { type Shape, widen } from './widened.ts';

const DRAFTED = fileURLToPath(new URL('drafted.ts', import.meta.url));
const DRAFT = fileURLToPath(new URL('../../showcase/draft/model', import.meta.url));

/** The 25 million of the other rows; the width of 7B, with as many of its layers as there is room for. */
const SMALL: Shape = { hiddenSize: 512, layers: 8, intermediateSize: 1376 };
const LARGE: Shape = { hiddenSize: 4096, layers: 4, intermediateSize: 11_008 };

interface Case {
  weights: WeightsType;
  batch: number;
  samples: number;
}

const ALONE = ['fp32', 'bf16', 'int8'].map(
  (weights): Case => ({ weights: weights as WeightsType, batch: 1, samples: 16 }),
);
const SMALL_CASES: readonly Case[] = [...ALONE, { weights: 'int8', batch: 8, samples: 64 }];
const LARGE_CASES: readonly Case[] = [
  { weights: 'bf16', batch: 1, samples: 2 },
  { weights: 'int8', batch: 1, samples: 2 },
];

/** Without the draft, three and seven proposals at each step, and as many as pay. */
const WAYS = ['0', '3', '7', 'auto'] as const;

/** @param layers of the large model; 4 take 1.6 GB on the disk, all 32 of 7B 13 GB and as much memory as bf16 */
export async function draftRows(
  folder: string,
  threads: number,
  rounds: number,
  layers = LARGE.layers,
): Promise<void> {
  const [small, large] = ['draft-25m', `draft-7b-${layers}`].map((name) => join(folder, name));
  if (layers === LARGE.layers) {
    await widen(SHOWCASE_MODEL, small, SMALL);
    for (const each of SMALL_CASES) await printCase('25 M', small, each, threads, rounds);
  }
  await widen(SHOWCASE_MODEL, large, { ...LARGE, layers });
  const what = `width of 7B, ${layers} layers`;
  for (const each of LARGE_CASES) await printCase(what, large, each, threads, rounds);
}

async function printCase(
  what: string,
  folder: string,
  { weights, batch, samples }: Case,
  threads: number,
  rounds: number,
): Promise<void> {
  const args = [folder, DRAFT, batch, samples, threads, weights, rounds, WAYS.join(',')].map(
    String,
  );
  const lines = (await output(process.execPath, ['--import=tsx', DRAFTED, ...args])).trim();
  const drawn = lines.split('\n').map((line) => line.split(' '));
  const figures = WAYS.map((way) => {
    const rows = drawn.filter(([name]) => name === way).map((row) => row.slice(1).map(Number));
    return [0, 1, 2, 3].map((i) => median(rows.map((row) => row[i])));
  });
  const [plain, ...drafted] = figures;
  const ratios = (i: number) => drafted.map((row) => (row[i] / plain[i]).toFixed(2)).join(', ');
  const [perStep, share] = [2, 3].map((i) => drafted.map((row) => row[i].toFixed(2)).join(', '));
  console.log(
    `| draft, ${what}, ${weights}, batch ${batch}: without ${plain[0].toFixed(1)} tokens/s; with 3, 7, as many as pay | ${ratios(0)} (by CPU time ${ratios(1)}) | ${perStep} tokens a step, ${share} of proposals drawn |`,
  );
}
