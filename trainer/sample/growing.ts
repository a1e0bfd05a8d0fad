/**
 * A sample as a file that grows token by token, as if a viewer loaded it over a slow connection.
 */

import { appendFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { CodecLmError } from '../../base/error.ts';
import { writeError } from '../../base/file-error.ts';
import type { Codec, Symbols } from '../../tokenizer/index.ts';
import { sampleName } from './output.ts';

/** Bytes of a document that are needed to begin a file. */
const FIRST_BYTES = 2;

type Preview = NonNullable<Codec['preview']>;

export class GrowingFile {
  readonly #path: string;
  readonly #preview: Preview;
  /** The document so far, until the file has begun. */
  #beginning: Uint8Array | undefined;

  /**
   * @param given symbols of the document before the first drawn token; they are written together
   * with it
   * @throws CodecLmError `USAGE` for a codec whose files do not grow
   */
  constructor(folder: string, index: number, codec: Codec, given: Symbols) {
    this.#path = join(folder, `${sampleName(index)}${codec.definition.file.extension}`);
    this.#preview = previewOf(codec);
    this.#beginning = given as Uint8Array;
  }

  /** @param symbols next symbols of the document, appended to the file as bytes */
  add(symbols: Symbols): void {
    const bytes = symbols as Uint8Array;
    if (this.#beginning === undefined) {
      this.#append(bytes);
      return;
    }
    this.#beginning = Buffer.concat([this.#beginning, bytes]);
    if (this.#beginning.length < FIRST_BYTES) return;
    this.#append(this.#preview(this.#beginning));
    this.#beginning = undefined;
  }

  /** Ends the growing file; the whole sample is then written again, maybe under another name. */
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

/**
 * The codec's `preview` method, by which a file grows.
 * @throws CodecLmError `USAGE` for a codec without it
 */
export function previewOf({ definition, preview }: Codec): Preview {
  if (preview) return preview;
  throw new CodecLmError(
    'USAGE',
    `files of ${definition.name} are made of whole documents and do not grow: leave \`stream\` out`,
  );
}
