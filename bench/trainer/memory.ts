/**
 * Compares the memory of a rank as `trainer estimate --device cpu` gives it with the highest resident memory of a
 * process over several steps: `whole`, and `ratio` with what a process with a model of nothing takes left out of
 * both. One line of JSON a size, then one for each number of ranks and ZeRO stage (the largest rank).
 * Usage: memory.ts [all | one | ranks] [RANKS-STAGE,… e.g. 1-0,2-3; default: all]
 */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { findInstalled } from '../../compute/installed.ts';
import { areKernelsWanted, lacksKernels } from '../../compute/kernels.ts';
import { estimateMemory, type MemoryOptions } from '../../trainer/estimate/memory.ts';
import { mpiEnvironment } from './mpi.ts';

const at = (file: string) => fileURLToPath(new URL(file, import.meta.url));
const NOTHING = { hidden: 16, layers: 1, heads: 1, intermediate: 16, batch: 1, time: 16 };
const SIZES = [
  { hidden: 256, layers: 4, heads: 8, intermediate: 640, batch: 4, time: 512 },
  { hidden: 256, layers: 4, heads: 8, intermediate: 640, batch: 1, time: 4096 },
  { hidden: 512, layers: 8, heads: 8, intermediate: 1408, batch: 2, time: 512 },
  { hidden: 1024, layers: 8, heads: 8, intermediate: 2816, batch: 1, time: 256 },
];

/** Many weights beside few tokens, where the stages differ. */
const ON_RANKS = { hidden: 768, layers: 8, heads: 12, intermediate: 2048, batch: 1, time: 256 };
const RANKS = ['1-0', '1-3', '2-0', '2-1', '2-3', '4-0', '4-1', '4-3'];

type ModelSizes = typeof NOTHING;

function flags(sizes: Record<string, number>): string[] {
  return Object.entries(sizes).flatMap(([name, size]) => [`--${name}`, String(size)]);
}

const installed = findInstalled('cpu');
/** Those of the processes that are measured. */
const hasKernels = installed !== undefined && areKernelsWanted() && !lacksKernels(installed);

const [part = 'all', wanted = RANKS.join()] = process.argv.slice(2);
if (part !== 'ranks') {
  const base = peakOf(NOTHING);
  for (const sizes of SIZES) {
    report(sizes, peakOf(sizes) - base, base, {
      ...{ checkpointing: false, zero: 0, worldSize: 1 },
    });
  }
}
if (part !== 'one') {
  const bases = new Map<number, number>();
  for (const one of wanted.split(',')) {
    const [worldSize, zero] = one.split('-').map(Number) as [number, 0 | 1 | 3];
    const base = bases.get(worldSize) ?? peakOfRanks(worldSize, zero, NOTHING);
    bases.set(worldSize, base);
    const measured = peakOfRanks(worldSize, zero, ON_RANKS) - base;
    report(ON_RANKS, measured, base, { checkpointing: true, zero, worldSize });
  }
}

function report(
  sizes: ModelSizes,
  measured: number,
  base: number,
  options: Pick<MemoryOptions, 'checkpointing' | 'zero' | 'worldSize'>,
): void {
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
  const { total, process: own } = estimateMemory(shape, {
    ...{ sequences: batch, seqLen: time, gradAccumulation: 1, precision: 'fp32' },
    ...options,
    hasKernels,
  });
  const estimated = total - own;
  const [ratio, whole] = [estimated / measured, total / (measured + base)];
  console.log(JSON.stringify({ ...sizes, ...options, estimated, measured, base, ratio, whole }));
}

function peakOf(sizes: ModelSizes): number {
  return peakIn('node', ['--import=tsx', at('../train-step.ts'), ...flags({ ...sizes, steps: 4 })]);
}

function peakOfRanks(ranks: number, zero: number, sizes: ModelSizes): number {
  const options = flags({ ...sizes, zero, steps: 3, checkpointing: 1 });
  const program = ['node', '--import=tsx', at('ranks.ts'), ...options];
  return peakIn('mpirun', ['-n', String(ranks), ...program]);
}

function peakIn(program: string, args: string[]): number {
  const output = execFileSync(program, args, {
    encoding: 'utf8',
    env: { ...process.env, ...mpiEnvironment },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return (JSON.parse(output.trim().split('\n').at(-1)!) as { peakMemory: number }).peakMemory;
}
