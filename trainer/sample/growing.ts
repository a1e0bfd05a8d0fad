/** A sample as a file that grows token by token, the way a viewer would load it from a slow line. */

import { appendFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { CodecLmError } from '../../base/error.ts';
import { writeError } from '../../base/file-error.ts';
import type { Codec, Symbols } from '../../tokenizer/index.ts';
import { sampleName } from './output.ts';

/** What it takes of a document before it can begin a file. */
const FIRST_BYTES = 2;

type Preview = NonNullable<Codec['preview']>;

export class GrowingFile {
  readonly #path: string;
  readonly #preview: Preview;
  /** The document so far, until the file has begun. */
  #beginning: Uint8Array | undefined;

  /**
   * @param given of the document before the first token that is drawn; written with that one
   * @throws CodecLmError `USAGE` for a codec whose files do not grow
   */
  constructor(folder: string, index: number, codec: Codec, given: Symbols) {
    this.#path = join(folder, `${sampleName(index)}${codec.definition.file.extension}`);
    this.#preview = previewOf(codec);
    this.#beginning = given as Uint8Array;
  }

  /** @param symbols that follow in the document: as bytes they follow in the file too */
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

/**
 * How a file of the codec grows.
 * @throws CodecLmError `USAGE` where it does not
 */
export function previewOf({ definition, preview }: Codec): Preview {
  if (preview) return preview;
  throw new CodecLmError(
    'USAGE',
    `files of ${definition.name} are made of whole documents and do not grow: leave \`stream\` out`,
  );
}
