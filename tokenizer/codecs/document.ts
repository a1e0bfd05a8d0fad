/** Documents, and the files that they are made of. */
import type { Symbols } from '../alphabet.ts';

/** The symbols of one image or video, and its size in pixels. */
export interface Document<S extends Symbols = Symbols> {
  readonly symbols: S;
  readonly width: number;
  readonly height: number;
}

/** A file, or the part of an archive that holds its content. */
export interface FileSpan {
  /** Path as bytes, because a file name may not be valid UTF-8. */
  readonly path: Buffer;
  /** Offset and size of the content, in bytes. */
  readonly offset: number;
  readonly size: number;
  /** Whether the file holds more than this content. */
  readonly isMember: boolean;
}
