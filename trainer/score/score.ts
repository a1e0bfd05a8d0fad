/** `score`: how many bits a model needs for files. */

import { z } from 'zod';
import { resolveOptions } from '../../base/options.ts';
import { threadsOption } from '../../schemas/sample.ts';
import { unitOf } from '../../tokenizer/index.ts';
import type { PastTrainedLength } from '../events.ts';
import type { Model } from '../sample/model.ts';
import { encodeSource, readDocument, type Score, scoreDocument } from './document.ts';

export interface ScoreOptions {
  /** Cores to use; default all. */
  threads?: number;
  /** Told before each document how many are done, and once where documents are longer than those of the training. */
  onEvent?: (event: ScoreEvent) => void;
  /** Ends before the next document, without an error. */
  signal?: AbortSignal;
}

export type ScoreEvent = { type: 'progress'; done: number; total: number } | PastTrainedLength;

export interface SourceScore extends Score {
  /** Path of the file; of contents their place in the list, as `source 0`. */
  source: string;
  /** What a symbol is called: for most codecs a byte. */
  unit: 'byte' | 'symbol';
  /** A PNG file: the bits of each part (a macroblock, say) over the picture. */
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
