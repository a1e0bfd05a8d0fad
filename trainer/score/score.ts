/** `score`: computes the bits that a model needs for files. */

import { z } from 'zod';
import { resolveOptions } from '../../base/options.ts';
import { threadsOption } from '../../schemas/sample.ts';
import { unitOf } from '../../tokenizer/index.ts';
import type { PastTrainedLength } from '../events.ts';
import type { Model } from '../sample/model.ts';
import { encodeSource, readDocument, type Score, scoreDocument } from './document.ts';

export interface ScoreOptions {
  /** Cores to use; default: all. */
  threads?: number;
  /**
   * Called before each document with the number that are done, and once when documents are longer
   * than the sequences of training.
   */
  onEvent?: (event: ScoreEvent) => void;
  /** Stops before the next document, without an error. */
  signal?: AbortSignal;
}

export type ScoreEvent = { type: 'progress'; done: number; total: number } | PastTrainedLength;

export interface SourceScore extends Score {
  /** Path of the file; for contents, their place in the list, such as `source 0`. */
  source: string;
  /** Name of a symbol: `byte` for most codecs. */
  unit: 'byte' | 'symbol';
  /** A PNG file: the bits of each part (such as a macroblock) over the picture. */
  heatMap(): Promise<Uint8Array>;
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
  { onEvent, signal, ...given }: ScoreOptions = {},
): AsyncGenerator<SourceScore, void> {
  const { threads } = resolveOptions(schema, given, 'score');
  const list = typeof sources === 'string' || sources instanceof Uint8Array ? [sources] : sources;
  const { codec, tokenizer } = model;
  const documents = [];
  for (const [i, source] of list.entries()) {
    const isPath = typeof source === 'string';
    const label = isPath ? source : `source ${i}`;
    const document = isPath
      ? await readDocument(source, model)
      : await encodeSource(source, label, model);
    documents.push({ label, document });
  }
  const positions = Math.max(1, ...documents.map(({ document }) => document.ids.length));
  if (positions > codec.seqLen) {
    onEvent?.({ type: 'past-trained-length', trained: codec.seqLen, tokens: positions });
  }
  for (const [done, { label, document }] of documents.entries()) {
    if (signal?.aborted) return;
    onEvent?.({ type: 'progress', done, total: documents.length });
    const found = await model.use({ sequences: 1, positions, threads }, (engine) =>
      scoreDocument(document, tokenizer, engine),
    );
    yield {
      ...found,
      source: label,
      unit: unitOf(tokenizer.alphabet),
      heatMap: () => codec.surprise(document.symbols, found.symbolBits),
    };
  }
}
