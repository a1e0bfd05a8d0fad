/** A sample as a file that grows token by token, the way a viewer would load it from a slow line. */
import { appendFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileError } from '../../schemas/error.ts';
import type { SamplingCodec } from './codec.ts';
import { sampleName } from './output.ts';

/** What it takes of a document before it can begin a file. */
const FIRST_BYTES = 2;

export class GrowingFile {
  readonly #path: string;
  readonly #codec: SamplingCodec;
  #written = 0;

  constructor(folder: string, index: number, codec: SamplingCodec) {
    this.#path = join(folder, `${sampleName(index)}${codec.codec.extension}`);
    this.#codec = codec;
  }

  /** @param document all of it so far; what was there before stays as it was */
  grow(document: Uint8Array): void {
    if (document.length < FIRST_BYTES) return;
    const file = this.#codec.preview(document);
    try {
      appendFileSync(this.#path, file.subarray(this.#written));
    } catch (error) {
      throw fileError(error, 'writing', this.#path);
    }
    this.#written = file.length;
  }

  /** The whole sample is written anew, maybe under another name. */
  close(): void {
    rmSync(this.#path, { force: true });
  }
}
