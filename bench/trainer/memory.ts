/**
 * Compares the memory of a step as `trainer estimate` gives it with that of a process: its highest
 * resident memory over several steps, less that of a process with a model of nothing. One line of
 * JSON a size. Usage: memory.ts
 */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { estimateMemory } from '../../trainer/estimate/memory.ts';

const STEP = fileURLToPath(new URL('../train-step.ts', import.meta.url));
const NOTHING = { hidden: 16, layers: 1, heads: 1, intermediate: 16, batch: 1, time: 16 };
const SIZES = [
  { hidden: 256, layers: 4, heads: 8, intermediate: 640, batch: 4, time: 512 },
  { hidden: 256, layers: 4, heads: 8, intermediate: 640, batch: 1, time: 4096 },
  { hidden: 512, layers: 8, heads: 8, intermediate: 1408, batch: 2, time: 512 },
  { hidden: 1024, layers: 8, heads: 8, intermediate: 2816, batch: 1, time: 256 },
];

const base = peakOf(NOTHING);
for (const sizes of SIZES) {
  const { hidden, layers, heads, intermediate, batch, time } = sizes;
  const shape = {
    vocabSize: 579,
    hiddenSize: hidden,
    layers,
    heads,
    kvHeads: heads,
    intermediateSize: intermediate,
    ropeTheta: 10_000,
    normEps: 1e-5,
    tieEmbeddings: false,
    maxPositions: time,
    bosId: 0,
    eosId: 1,
    padId: 2,
  };
  const { total: estimated } = estimateMemory(shape, {
    sequences: batch,
    seqLen: time,
    gradAccumulation: 1,
    checkpointing: false,
    ...({ zero: 0, worldSize: 1, precision: 'fp32' } as const),
  });
  const measured = peakOf(sizes) - base;
  console.log(JSON.stringify({ ...sizes, estimated, measured, base, ratio: estimated / measured }));
}

function peakOf(sizes: Record<string, number>): number {
  const options = Object.entries(sizes).flatMap(([name, size]) => [`--${name}`, String(size)]);
  const args = ['--import=tsx', STEP, ...options, '--steps', '4'];
  const output = execFileSync('node', args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return (JSON.parse(output.trim().split('\n').at(-1)!) as { peakMemory: number }).peakMemory;
}
