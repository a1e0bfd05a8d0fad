/**
 * What a codec is to the rest of the project: a way from a media file to the
 * canonical bytes of a document, and back to a file that a viewer opens.
 */

/** The canonical bytes of one image or video, and its size in pixels. */
export interface Document {
  readonly bytes: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** A file, or where its content lies in an archive. */
export interface FileSpan {
  /** Bytes, since a file name may be no UTF-8. */
  readonly path: Buffer;
  /** Of the content, in bytes. */
  readonly offset: number;
  readonly size: number;
  /** Whether there is more in the file than the content. */
  readonly isMember: boolean;
}

export interface Codec {
  /** As written in shard metadata. */
  readonly name: 'jpeg' | 'avc';
  /** Extension of a viewable file, with its dot. */
  readonly extension: '.jpg' | '.mp4';
  /** Everything the canonical bytes depend on; equal settings and versions give equal bytes. */
  readonly settings: Readonly<Record<string, string | number | boolean>>;
  /**
   * Versions of what encodes, as written in shard metadata: of the libraries, and as `recipe` that of
   * our own steps, one more whenever another document may come of the same file.
   */
  readonly versions: Readonly<Record<string, string>>;

  /**
   * One file, as bytes, to a document.
   * @param source the file's content; its memory is the caller's again when the promise is settled
   * @param label the file's name, for error messages
   * @throws CodecLmError with an `IMAGE_*` or `VIDEO_*` code that names the file
   */
  encode(source: Uint8Array, label: string): Promise<Document>;

  /**
   * The same from where the file lies, for codecs that need only a part of it: pipelines
   * call this one where it is there.
   * @throws CodecLmError with a `VIDEO_*` code that names the file
   */
  encodeFile?(file: FileSpan, label: string): Promise<Document>;

  /**
   * A document's bytes to a file that every viewer opens.
   * @throws CodecLmError `JPEG_INVALID` or `AVC_INVALID` when the bytes are not canonical
   */
  view(bytes: Uint8Array): Uint8Array | Promise<Uint8Array>;
}
