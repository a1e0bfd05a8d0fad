/** Documents encoded for the tokenizer's sample are not encoded again: a cache around the encoder of inputs. */

import { CodecLmError } from '../../base/error.ts';
import type { Document } from '../../tokenizer/index.ts';
import type { PlannedInput } from '../plan/plan.ts';
import { type EncodeCounts, type InputEncoder, noCounts } from './inputs.ts';

interface Kept {
  document: Document;
  sourceBytes: number;
}

export class SampleCache implements InputEncoder {
  readonly #encoder: InputEncoder;
  /** By document id. */
  readonly #kept = new Map<number, Kept>();

  constructor(encoder: InputEncoder) {
    this.#encoder = encoder;
  }

  /** Encodes for the sample; a document is kept until it is asked for by `encode`. */
  async sample(planned: PlannedInput): Promise<Document | CodecLmError> {
    const counts = noCounts();
    const document = await this.#encoder.encode(planned, counts);
    if (!(document instanceof CodecLmError)) {
      this.#kept.set(planned.docId, { document, sourceBytes: counts.sourceBytes });
    }
    return document;
  }

  async encode(planned: PlannedInput, counts: EncodeCounts): Promise<Document | CodecLmError> {
    const kept = this.#kept.get(planned.docId);
    if (kept === undefined) return this.#encoder.encode(planned, counts);
    // Each input is asked for once: what has been handed out takes no more memory.
    this.#kept.delete(planned.docId);
    counts.sourceBytes += kept.sourceBytes;
    counts.reused.documents++;
    counts.reused.sourceBytes += kept.sourceBytes;
    return kept.document;
  }
}
