/** `score`: computes the bits that a model needs for files. */

import { z } from 'zod';
import { resolveOptions } from '../../base/options.ts';
import { threadsOption } from '../../schemas/sample.ts';
import { type HeatScale, type Picture, unitOf } from '../../tokenizer/index.ts';
import type { Communicator } from '../distributed/communicator.ts';
import { coresOfRank, rankZeroFirst, tasksOfRank } from '../distributed/share.ts';
import { single } from '../distributed/single.ts';
import type { PastTrainedLength } from '../events.ts';
import type { Model } from '../sample/model.ts';
import { encodeSource, readDocument, type Score, scoreDocument } from './document.ts';

export interface ScoreOptions {
  /** Cores to use; default: all. */
  threads?: number;
  /**
   * Ranks that share the documents, each of which calls this function with the same sources and
   * gets the scores of its own part; default this process alone.
   */
  communicator?: Communicator;
  /**
   * Called in rank 0 before each document with the number that are done, and once when documents
   * are longer than the sequences of training.
   */
  onEvent?: (event: ScoreEvent) => void;
  /** Stops before the next document, without an error. */
  signal?: AbortSignal;
}

export type ScoreEvent = { type: 'progress'; done: number; total: number } | PastTrainedLength;

export interface SourceScore extends Score {
  /** Place of the source in the list. */
  index: number;
  /** Path of the file; for contents, their place in the list, such as `source 0`. */
  source: string;
  /** Name of a symbol: `byte` for most codecs. */
  unit: 'byte' | 'symbol';
  /** A PNG file: the bits of each part (such as a macroblock) over the picture. */
  heatMap(): Promise<Uint8Array>;
  /** What the colours of the map stand for; undefined if the codec does not say. */
  heatScale(): Promise<HeatScale | undefined>;
  /** The document as the codec shows it. */
  picture(): Promise<Picture>;
}

const schema = z.strictObject({ threads: threadsOption });

/**
 * Scores files, or the contents of files, in their order. All are read before the first is scored.
 * @throws CodecLmError `INPUT_NOT_FOUND`, or an input's code that names the file;
 *   `CHECKPOINT_INVALID`, `NOT_FINITE`
 */
export async function* score(
  model: Model,
  sources: string | Uint8Array | readonly (string | Uint8Array)[],
  { communicator = single, onEvent, signal, ...given }: ScoreOptions = {},
): AsyncGenerator<SourceScore, void> {
  const options = resolveOptions(schema, given, 'score');
  const list = typeof sources === 'string' || sources instanceof Uint8Array ? [sources] : sources;
  const { codec, tokenizer } = model;
  const documents = await rankZeroFirst(communicator, () => readAll(list, model));
  const positions = Math.max(1, ...documents.map(({ document }) => document.ids.length));
  const emit = communicator.rank === 0 ? onEvent : undefined;
  if (positions > codec.seqLen) {
    emit?.({ type: 'past-trained-length', trained: codec.seqLen, tokens: positions });
  }
  const threads = options.threads ?? (await coresOfRank(communicator));
  const own = tasksOfRank(documents, communicator);
  for (const [done, { index, label, document }] of own.entries()) {
    if (signal?.aborted) return;
    emit?.({ type: 'progress', done, total: own.length });
    const found = await model.use({ sequences: 1, positions, threads }, (engine) =>
      scoreDocument(document, tokenizer, engine),
    );
    yield {
      ...found,
      index,
      source: label,
      unit: unitOf(tokenizer.alphabet),
      heatMap: () => codec.surprise(document.symbols, found.symbolBits),
      heatScale: async () => codec.heatScale?.(document.symbols, found.symbolBits),
      picture: async () => ({
        type: codec.still.mime,
        file: await codec.still.draw(document.symbols, 0),
      }),
    };
  }
}

async function readAll(sources: readonly (string | Uint8Array)[], model: Model) {
  const documents = [];
  for (const [index, source] of sources.entries()) {
    const isPath = typeof source === 'string';
    const label = isPath ? source : `source ${index}`;
    const document = isPath
      ? await readDocument(source, model)
      : await encodeSource(source, label, model);
    documents.push({ index, label, document });
  }
  return documents;
}
