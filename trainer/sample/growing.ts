/** A sample as a file that grows token by token, the way a viewer would load it from a slow line. */
import { appendFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { writeError } from '../../base/file-error.ts';
import type { SamplingCodec } from './codec.ts';
import { sampleName } from './output.ts';

/** What it takes of a document before it can begin a file. */
const FIRST_BYTES = 2;

export class GrowingFile {
  readonly #path: string;
  readonly #codec: SamplingCodec;
  /** The document so far, until the file has begun. */
  #beginning: Uint8Array | undefined;

  /** @param given bytes of the document before the first that is drawn; written with that one */
  constructor(folder: string, index: number, codec: SamplingCodec, given: Uint8Array) {
    this.#path = join(folder, `${sampleName(index)}${codec.codec.extension}`);
    this.#codec = codec;
    this.#beginning = given;
  }

  /** @param bytes that follow in the document: they follow in the file too */
  add(bytes: Uint8Array): void {
    if (this.#beginning === undefined) {
      this.#append(bytes);
      return;
    }
    this.#beginning = Buffer.concat([this.#beginning, bytes]);
    if (this.#beginning.length < FIRST_BYTES) return;
    this.#append(this.#codec.preview(this.#beginning));
    this.#beginning = undefined;
  }

  /** The whole sample is written anew, maybe under another name. */
  close(): void {
    rmSync(this.#path, { force: true });
  }

  #append(bytes: Uint8Array): void {
    try {
      appendFileSync(this.#path, bytes);
    } catch (error) {
      throw writeError(error, this.#path);
    }
  }
}
