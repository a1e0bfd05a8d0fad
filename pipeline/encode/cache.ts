/**
 * A cache around the encoder of inputs, so that documents of the tokenizer's sample are not encoded
 * again.
 */

import { CodecLmError } from '../../base/error.ts';
import type { PlannedInput } from '../plan/plan.ts';
import { type EncodeCounts, type InputDocument, type InputEncoder, noCounts } from './inputs.ts';

interface Kept {
  document: InputDocument;
  sourceBytes: number;
}

export class SampleCache implements InputEncoder {
  readonly #encoder: InputEncoder;
  /** Documents by id. */
  readonly #kept = new Map<number, Kept>();

  constructor(encoder: InputEncoder) {
    this.#encoder = encoder;
  }

  get together(): number | undefined {
    return this.#encoder.together;
  }

  async close(): Promise<void> {
    await this.#encoder.close?.();
  }

  /** Encodes an input of the sample, and keeps the document until `encode` requests it. */
  async sample(planned: PlannedInput): Promise<InputDocument | CodecLmError> {
    const counts = noCounts();
    const document = await this.#encoder.encode(planned, counts);
    if (!(document instanceof CodecLmError)) {
      this.#kept.set(planned.docId, { document, sourceBytes: counts.sourceBytes });
    }
    return document;
  }

  async encode(planned: PlannedInput, counts: EncodeCounts): Promise<InputDocument | CodecLmError> {
    const kept = this.#kept.get(planned.docId);
    if (kept === undefined) return this.#encoder.encode(planned, counts);
    // Each input is requested once, so a document that was returned need not be kept.
    this.#kept.delete(planned.docId);
    counts.sourceBytes += kept.sourceBytes;
    counts.reused.documents++;
    counts.reused.sourceBytes += kept.sourceBytes;
    return kept.document;
  }
}
