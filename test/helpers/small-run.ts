/** Runs of a model of a few thousand parameters on tokens made up here: seconds, in this process. */
import { join } from 'node:path';
import { fitLogLine } from '../../cli/trainer/fit-events.ts';
import { chooseBackend } from '../../compute/choose.ts';
import type { TrainerConfig } from '../../schemas/trainer.ts';
import { resolveConfig } from '../../trainer/config/config.ts';
import type { FitEvent } from '../../trainer/events.ts';
import { type FitResult, type TrainOptions, train } from '../../trainer/fit/train.ts';
import { type DatasetOptions, makeDataset } from './dataset.ts';
import { ranksInProcess } from './ranks.ts';

export const SETTINGS = [
  ...['model.hiddenSize=16', 'model.layers=1', 'model.heads=2', 'model.kvHeads=1'],
  ...['model.intermediateSize=24', 'train.microBatch=2', 'train.peakFlops=1e9'],
  ...['optim.lr=0.01', 'optim.warmupSteps=5'],
];

/**
 * Documents that can be learned: each counts up from a byte of its own.
 * @param options `name` of the folder, `from` which byte they count, and what packing may change
 */
export async function makeSmallDataset(
  folder: string,
  { name = 'data', from = 0, ...options }: { name?: string; from?: number } & DatasetOptions = {},
): Promise<string> {
  const dir = join(folder, name);
  const documents = Array.from({ length: 40 }, (_, i) =>
    Array.from({ length: 20 + (i % 7) }, (_, j) => from + ((i * 5 + j) % 64)),
  );
  await makeDataset(dir, documents, { isVal: (docId) => docId % 8 === 7, ...options });
  return dir;
}

export function smallConfig(...set: string[]): Promise<TrainerConfig> {
  return resolveConfig({ set: [...SETTINGS, ...set] });
}

export type SmallFit = Pick<TrainOptions, 'data' | 'out' | 'resume' | 'init' | 'signal'> & {
  set?: string[];
  ranks?: number;
  log?: (line: string) => unknown;
  /** One of these for each rank wins over `signal`. */
  signals?: (AbortSignal | undefined)[];
};

/** @returns what each rank returned */
export async function smallFit(options: SmallFit): Promise<FitResult[]> {
  const { set = [], ranks = 1, log, signals, ...rest } = options;
  const onEvent = (event: FitEvent) => {
    const line = fitLogLine(event);
    if (line !== undefined) log?.(line);
  };
  const config = await smallConfig(...set);
  return Promise.all(
    ranksInProcess(ranks).map((communicator, rank) =>
      train({
        signal: signals?.[rank],
        ...rest,
        config,
        communicator,
        onEvent,
        chooseBackend: () => chooseBackend(),
      }),
    ),
  );
}
