/** The documents of a probe, and their bits under the model. */
import { readFile } from 'node:fs/promises';
import { CodecLmError } from '../../base/error.ts';
import { readError } from '../../base/file-error.ts';
import type { ProbeName } from '../../schemas/probes.ts';
import type { Engine } from '../../trainer/sample/engine/engine.ts';
import type { Model } from '../../trainer/sample/model.ts';
import { bitsOfTokens, encodeSource, type ScoredDocument } from '../../trainer/score/document.ts';
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

/**
 * Runs `work` on each item in turn, with an engine for one sequence.
 * @throws CodecLmError `INTERRUPTED`
 */
export async function eachScored<Item, Result>(
  { model, threads, positions, onEvent, signal }: Scoring,
  probe: ProbeName,
  items: readonly Item[],
  work: (item: Item, engine: Engine) => Promise<Result>,
): Promise<Result[]> {
  return model.use({ sequences: 1, positions, threads }, async (engine) => {
    const results: Result[] = [];
    for (const [done, item] of items.entries()) {
      stopIfAsked(signal);
      onEvent?.({ type: 'probe', probe, done, total: items.length });
      results.push(await work(item, engine));
    }
    return results;
  });
}

/** Bits of each token after `<bos>`, for each input. */
export function scoreAll(
  scoring: Scoring,
  probe: ProbeName,
  inputs: readonly ProbedFile[],
): Promise<Float64Array[]> {
  return eachScored(scoring, probe, inputs, ({ document }, engine) =>
    bitsOfTokens(document.ids, engine),
  );
}

/** @throws CodecLmError `INTERRUPTED` */
export function stopIfAsked(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new CodecLmError('INTERRUPTED', 'probing a model');
}
