/** Converts token ids back to bytes: each id stands for a fixed string of bytes. */
import { CodecLmError } from '../../base/error.ts';
import type { Merge } from './learn/learn.ts';

/**
 * Merges that double their length could make a token of any size in a few dozen lines of a file;
 * real media never come near this limit.
 */
const MAX_TOKEN_BYTES = 16 * 1024 * 1024;

/** The bytes of all tokens, concatenated. */
export class TokenTable {
  readonly #bytes: Uint8Array;
  /** Token i is `bytes[offsets[i] .. offsets[i + 1]]`. */
  readonly #offsets: Int32Array;
  /** Length of the longest token in bytes. */
  readonly longest: number;

  /** @throws CodecLmError `TOKENIZER_INVALID` when all tokens together are longer than 16 MiB */
  constructor(merges: readonly Merge[]) {
    this.#offsets = new Int32Array(256 + merges.length + 1);
    for (let byte = 0; byte <= 256; byte++) this.#offsets[byte] = byte;
    merges.forEach(([left, right], rank) => {
      const end = this.#offsets[256 + rank] + this.lengthOf(left) + this.lengthOf(right);
      if (end > MAX_TOKEN_BYTES) {
        throw new CodecLmError(
          'TOKENIZER_INVALID',
          `merge ${rank}: the tokens up to here have more than ${MAX_TOKEN_BYTES} bytes in total`,
        );
      }
      this.#offsets[256 + rank + 1] = end;
    });
    this.longest = merges.reduce((most, _, rank) => Math.max(most, this.lengthOf(256 + rank)), 1);
    this.#bytes = new Uint8Array(this.#offsets[256 + merges.length]);
    for (let byte = 0; byte < 256; byte++) this.#bytes[byte] = byte;
    merges.forEach(([left, right], rank) => {
      const at = this.#offsets[256 + rank];
      this.#bytes.set(this.bytesOf(left), at);
      this.#bytes.set(this.bytesOf(right), at + this.lengthOf(left));
    });
  }

  lengthOf(id: number): number {
    return this.#offsets[id + 1] - this.#offsets[id];
  }

  /** Bytes of a token as a view; copy them before keeping or changing them. */
  bytesOf(id: number): Uint8Array {
    return this.#bytes.subarray(this.#offsets[id], this.#offsets[id + 1]);
  }

  /** @param ids each below 256 + merges */
  join(ids: ArrayLike<number>): Uint8Array {
    const bytes = this.#bytes;
    const offsets = this.#offsets;
    let length = 0;
    for (let i = 0; i < ids.length; i++) length += offsets[ids[i] + 1] - offsets[ids[i]];
    const result = new Uint8Array(length);
    let at = 0;
    for (let i = 0; i < ids.length; i++) {
      const end = offsets[ids[i] + 1];
      for (let from = offsets[ids[i]]; from < end; from++) result[at++] = bytes[from];
    }
    return result;
  }
}
