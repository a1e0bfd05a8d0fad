/** What makes documents of files. */
import type { Symbols } from '../alphabet.ts';
import type { ClipEncoder } from './clips.ts';
import type { Document, FileSpan } from './document.ts';

export type { Document, FileSpan };

/** Settings as written in shard metadata. */
export type CodecSettings = Readonly<Record<string, string | number | boolean>>;

/** Facts about a picture that decide whether it is worth encoding. */
export interface Measures {
  /** Size in pixels, as stored. */
  readonly width: number;
  readonly height: number;
  /** A hash of 64 bits of how it looks: pictures that look alike differ in few of them. */
  readonly look?: bigint;
}

/** Converts files to documents. */
export interface Encoder<S extends Symbols = Symbols> {
  /** Everything the symbols depend on; equal settings and versions give equal documents. */
  readonly settings: CodecSettings;
  /**
   * Versions of the encoder, as written in shard metadata: those of the libraries, and as `recipe`
   * the version of this project's own steps, which increases whenever the same file may give
   * another document.
   */
  readonly versions: Readonly<Record<string, string>>;
  /** A line for the user when the tool that was found is not the best choice. */
  readonly warning?: string;

  /**
   * Encodes one file, given as bytes, as a document.
   * @param source the file's content; the caller may reuse its memory when the promise is settled
   * @param label the file's name, for error messages
   * @throws CodecLmError that names the file, with a code of the scope `input`: a run goes on after it
   */
  encode(source: Uint8Array, label: string): Promise<Document<S>>;

  /**
   * Like `encode`, with the place of the file instead of its content, for codecs that need only a
   * part of it. Pipelines call this method if it exists. Throws as `encode` does.
   */
  encodeFile?(file: FileSpan, label: string): Promise<Document<S>>;

  /** There for codecs whose definition says `clips`: documents from other places of a file. */
  readonly clips?: ClipEncoder<S>;

  /**
   * Measures a file without encoding it, for codecs of pictures.
   * @param withLook whether the hash of its look is wanted, for which its pixels are read
   * @throws CodecLmError as `encode` does
   */
  measure?(source: Uint8Array, label: string, withLook: boolean): Promise<Measures>;
}
