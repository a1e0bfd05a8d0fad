/**
 * Estimates the memory of learning before it starts; it grows with the sample, not with the corpus.
 */
import { freemem } from 'node:os';
import { CodecLmError } from '../../../base/error.ts';

/** Positions are 32-bit. */
const MAX_CELLS = 2 ** 31 - 1;
/** A sample is checked again each time it has grown by this many bytes. */
const CHECK_EVERY = 4 * 1024 * 1024;

/**
 * Upper bound of the memory of learning in bytes, without the documents themselves. A byte takes a
 * 2-byte cell and, if its pair is listed, a 4-byte place; each replacement takes one token away and
 * lists at most two places, so all lists together stay under 12 bytes per byte. The neighbours of a
 * pair take 8 bytes per place while the pair is being replaced. Pair counts are kept twice while
 * places are listed anew. From 3,841 merges on they are in hash tables, whose size is estimated:
 * one pair for three bytes.
 */
export function learningMemory(bytes: number, documents: number, merges: number): number {
  const ids = 256 + merges;
  const counts = ids <= 4096 ? 4 * ids * ids : 16 * bytes;
  return 14 * bytes + 2 * documents + 2 * counts + 8 * 1024 * 1024;
}

/**
 * Memory in bytes that this process may still use: that of the machine, or of its control group if
 * less.
 */
function availableMemory(): number {
  const constrained = process.constrainedMemory();
  const free = freemem();
  // 0 or a huge number means that the group has no limit.
  if (!constrained || constrained > Number.MAX_SAFE_INTEGER) return free;
  return Math.min(free, Math.max(0, constrained - process.memoryUsage.rss()));
}

/** @throws CodecLmError `MEMORY_LIMIT` that says how much memory is needed and available */
export function checkLearningMemory(
  documents: readonly Uint8Array[],
  merges: number,
  limit = availableMemory(),
): void {
  const bytes = documents.reduce((sum, document) => sum + document.length, 0);
  checkSample(bytes, documents.length, merges, limit);
}

/**
 * Documents to learn from. Refuses a document while they are gathered, because too many would not
 * fit into memory.
 */
export class LearningSample {
  readonly documents: Uint8Array[] = [];
  readonly #merges: number;
  readonly #limit: () => number;
  #bytes = 0;
  #checkedBytes = 0;

  /** @param limit gives the bytes that learning may use; it is called now and then */
  constructor(merges: number, limit = availableMemory) {
    this.#merges = merges;
    this.#limit = limit;
  }

  /**
   * @throws CodecLmError `MEMORY_LIMIT` when learning from the documents so far would take too much
   * memory
   */
  add(document: Uint8Array): void {
    this.documents.push(document);
    this.#bytes += document.length;
    if (this.#bytes - this.#checkedBytes < CHECK_EVERY) return;
    this.#checkedBytes = this.#bytes;
    checkSample(this.#bytes, this.documents.length, this.#merges, this.#limit());
  }
}

function checkSample(bytes: number, documents: number, merges: number, limit: number): void {
  const needed = learningMemory(bytes, documents, merges);
  const hint = 'learn from fewer samples (`bpeSamples`)';
  if (bytes + documents + 1 > MAX_CELLS) {
    throw new CodecLmError(
      'MEMORY_LIMIT',
      `learning BPE: ${inMiB(bytes)} of samples; at most 2 GiB can be indexed`,
      { hint },
    );
  }
  if (needed > limit) {
    throw new CodecLmError(
      'MEMORY_LIMIT',
      `learning BPE from ${documents} documents (${inMiB(bytes)}) takes up to ` +
        `${inMiB(needed)} of memory; ${inMiB(limit)} is available`,
      { hint },
    );
  }
}

function inMiB(bytes: number): string {
  return `${Math.ceil(bytes / 2 ** 20)} MiB`;
}
