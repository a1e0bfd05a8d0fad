/** The documents of a probe, and their bits under the model. */
import { readFile } from 'node:fs/promises';
import { CodecLmError } from '../../base/error.ts';
import { readError } from '../../base/file-error.ts';
import type { ProbeName } from '../../schemas/probes.ts';
import type { Communicator } from '../../trainer/distributed/communicator.ts';
import { tasksOfRank } from '../../trainer/distributed/share.ts';
import type { Engine } from '../../trainer/sample/engine/engine.ts';
import type { Model } from '../../trainer/sample/model.ts';
import { bitsOfTokens, encodeSource, type ScoredDocument } from '../../trainer/score/document.ts';
import { gatherNumbers } from './gather.ts';
import { filesToProbe } from './inputs.ts';

/** Documents of a probe that are done. */
export interface ProbeEvent {
  readonly type: 'probe';
  readonly probe: ProbeName;
  readonly done: number;
  readonly total: number;
}

export interface Scoring {
  readonly model: Model;
  readonly threads: number;
  /** Tokens of the longest sequence of all. */
  readonly positions: number;
  /** Ranks that share the documents. */
  readonly communicator: Communicator;
  readonly onEvent?: (event: ProbeEvent) => void;
  readonly signal?: AbortSignal;
}

export interface ProbedFile {
  readonly path: string;
  /** Content of the file. */
  readonly source: Uint8Array;
  readonly document: ScoredDocument;
}

/** @throws CodecLmError `INPUT_NOT_FOUND`, `INPUT_EMPTY`, or an input's code that names the file */
export async function readInputs(model: Model, paths: readonly string[]): Promise<ProbedFile[]> {
  const inputs: ProbedFile[] = [];
  for (const path of await filesToProbe(paths, model.codec.definition)) {
    const source = await readFile(path).catch((error) => {
      throw readError(error, path);
    });
    const document = await encodeSource(source, path, model);
    // An input too short for a document is enough for a prompt, and for nothing here.
    model.codec.check(document.symbols);
    inputs.push({ path, source, document });
  }
  return inputs;
}

/** Findings about an item, as numbers. */
export interface ItemWork<Item> {
  /** How many numbers there are of it. */
  lengthOf(item: Item): number;
  numbersOf(item: Item, engine: Engine): Promise<Float64Array>;
}

/**
 * Does the work of each item of this rank's share in turn, with an engine for one sequence. Collective.
 * @returns the numbers of all items, the same in all ranks
 * @throws CodecLmError `INTERRUPTED`
 */
export async function eachScored<Item>(
  { model, threads, positions, communicator, onEvent, signal }: Scoring,
  probe: ProbeName,
  items: readonly Item[],
  { lengthOf, numbersOf }: ItemWork<Item>,
): Promise<Float64Array[]> {
  const tasks = tasksOfRank([...items.entries()], communicator);
  const found = new Map<number, Float64Array>();
  await model.use({ sequences: 1, positions, threads }, async (engine) => {
    for (const [done, [index, item]] of tasks.entries()) {
      stopIfAsked(signal);
      onEvent?.({ type: 'probe', probe, done, total: tasks.length });
      found.set(index, await numbersOf(item, engine));
    }
  });
  return gatherNumbers(found, items.map(lengthOf), communicator);
}

/** Bits of each token after `<bos>`, for each input. */
export function scoreAll(
  scoring: Scoring,
  probe: ProbeName,
  inputs: readonly ProbedFile[],
): Promise<Float64Array[]> {
  return eachScored(scoring, probe, inputs, {
    lengthOf: ({ document }) => document.ids.length - 1,
    numbersOf: ({ document }, engine) => bitsOfTokens(document.ids, engine),
  });
}

/** @throws CodecLmError `INTERRUPTED` */
export function stopIfAsked(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new CodecLmError('INTERRUPTED', 'probing a model');
}
