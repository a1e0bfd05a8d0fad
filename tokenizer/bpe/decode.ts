/** Token ids back to bytes: each id stands for a fixed string of bytes. */
import { CodecLmError } from '../../base/error.ts';
import type { Merge } from './learn/learn.ts';

/** Doubling merges reach any length within a few dozen lines of a file; media never do. */
const MAX_TOKEN_BYTES = 16 * 1024 * 1024;

/** The bytes of every token, end to end. */
export class TokenTable {
  readonly #bytes: Uint8Array;
  /** Token i is `bytes[offsets[i] .. offsets[i + 1]]`. */
  readonly #offsets: Int32Array;
  /** Bytes of the longest token. */
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
          `merge ${rank}: the tokens up to here are longer than ${MAX_TOKEN_BYTES} bytes together`,
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

  /** A view; copy before keeping or changing it. */
  bytesOf(id: number): Uint8Array {
    return this.#bytes.subarray(this.#offsets[id], this.#offsets[id + 1]);
  }

  /** @param ids all below 256 + merges */
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
