/**
 * Two stages of the pipeline: from inputs to documents or failures, and from documents to token
 * ids.
 */

import { CodecLmError } from '../../base/error.ts';
import type { RawValue } from '../../schemas/columns.ts';
import type { Filtered } from '../../schemas/curation.ts';
import type { Failure, Split } from '../../schemas/dataset.ts';
import type { Tokenizer } from '../../tokenizer/index.ts';
import { clipReasonOf } from '../clips/reasons.ts';
import type { ByteString } from '../plan/byte-strings.ts';
import type { PlannedInput } from '../plan/plan.ts';
import { labelOf } from '../sources/source.ts';
import {
  type EncodeCounts,
  type InputDocument,
  type InputEncoder,
  noCounts,
  secondsSince,
} from './inputs.ts';
import { splitOfDocument } from './split.ts';

export interface EncodedDocument {
  docId: number;
  source: string;
  document: InputDocument;
  values?: readonly RawValue[];
}

export interface TokenizedDocument {
  docId: number;
  source: string;
  /** Number of canonical bytes, or of symbols if the alphabet is not bytes. */
  length: number;
  width: number;
  height: number;
  /** Ids `<bos>` … `<eos>`. */
  tokens: Uint16Array;
  split: Split;
  /** sha256 of the source file, if it is kept. */
  sha256?: string;
  /** Seconds from the beginning of its video, if that may give several documents. */
  clipStart?: number;
  /** Values of the columns that travel along. */
  values?: readonly RawValue[];
}

export interface DocumentBatch<Item> extends EncodeCounts {
  documents: Item[];
  failures: Failure[];
  /** Inputs that are left out: by curation, or because a video has no such clip. */
  filtered: Filtered[];
}

export interface EncodeContext {
  inputs: InputEncoder;
  bases: readonly ByteString[];
  /** Share of the documents that is held out, 0..1. */
  valFraction: number;
}

/** @throws CodecLmError only for errors that no single input caused */
export async function encodeBatch(
  planned: readonly PlannedInput[],
  { inputs, bases }: EncodeContext,
): Promise<DocumentBatch<EncodedDocument>> {
  const batch: DocumentBatch<EncodedDocument> = {
    ...{ documents: [], failures: [] },
    filtered: planned.flatMap(({ filtered }) => filtered ?? []),
    ...noCounts(),
  };
  const wanted = planned.filter(({ filtered }) => !filtered);
  const results = await Promise.all(wanted.map((input) => inputs.encode(input, batch)));
  for (const [i, result] of results.entries()) {
    const { docId, input } = wanted[i];
    const source = labelOf(bases, input);
    if (result instanceof CodecLmError) {
      const reason = clipReasonOf(result);
      if (reason) {
        batch.filtered.push({ input: docId, source, reason });
        continue;
      }
      // A row of a table is easier to find by its number.
      const row = input.row === undefined ? '' : ` (row ${input.row} of its table)`;
      const message = `${result.message}${row}`;
      batch.failures.push({ input: docId, source, code: result.code, message });
    } else {
      const { values } = input;
      batch.documents.push({ docId, source, document: result, ...(values ? { values } : {}) });
    }
  }
  return batch;
}

export function tokenizeBatch(
  { documents, seconds, ...batch }: DocumentBatch<EncodedDocument>,
  { tokenizer, valFraction }: { tokenizer: Tokenizer; valFraction: number },
): DocumentBatch<TokenizedDocument> {
  const start = performance.now();
  const tokenized = documents.map(({ docId, source, document, values }) => ({
    docId,
    source,
    length: document.symbols.length,
    width: document.width,
    height: document.height,
    tokens: tokenizer.encodeDocument(document.symbols),
    split: splitOfDocument(document, valFraction),
    sha256: document.sha256,
    clipStart: document.clipStart,
    values,
  }));
  const tokenize = seconds.tokenize + secondsSince(start);
  return { ...batch, documents: tokenized, seconds: { ...seconds, tokenize } };
}
