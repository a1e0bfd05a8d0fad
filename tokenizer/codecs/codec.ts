/**
 * What a codec is to the rest of the project: a way from a media file to a document, which is a
 * sequence of symbols, and back to a file that a viewer opens. Everything about one codec lies in its
 * folder; the others find it in the registry and know none by name.
 *
 * Two parts: a definition, which loads nothing heavy and answers what a command line asks, and the
 * codec itself, opened with settings. Modules that load sharp or look for ffmpeg are imported when a
 * method needs them, so that reading shards takes neither.
 */
import type { z } from 'zod';
import type { ErrorCode } from '../../base/error.ts';
import type { Symbols } from '../alphabet.ts';
import type { Grammar } from '../mask/grammar.ts';

/** The symbols of one image or video, and its size in pixels. */
export interface Document<S extends Symbols = Symbols> {
  readonly symbols: S;
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

/** The command that a codec belongs to: `pipeline run images`, `pipeline run videos`. */
export type Media = 'images' | 'videos';

/** As written in shard metadata. */
export type CodecSettings = Readonly<Record<string, string | number | boolean>>;

/** Options of a command line that name something to work with and decide no symbol, e.g. `ffmpeg`. */
export type CodecTools = Readonly<Record<string, string | undefined>>;

/** Files to documents. */
export interface Encoder<S extends Symbols = Symbols> {
  /** Everything the symbols depend on; equal settings and versions give equal documents. */
  readonly settings: CodecSettings;
  /**
   * Versions of what encodes, as written in shard metadata: of the libraries, and as `recipe` that of
   * our own steps, one more whenever another document may come of the same file.
   */
  readonly versions: Readonly<Record<string, string>>;
  /** A line for the person who encodes, of a tool that is there and not the best choice. */
  readonly warning?: string;

  /**
   * One file, as bytes, to a document.
   * @param source the file's content; its memory is the caller's again when the promise is settled
   * @param label the file's name, for error messages
   * @throws CodecLmError that names the file, with a code of the scope `input`: a run goes on after it
   */
  encode(source: Uint8Array, label: string): Promise<Document<S>>;

  /**
   * The same from where the file lies, for codecs that need only a part of it: pipelines call this one
   * where it is there. Throws as `encode` does.
   */
  encodeFile?(file: FileSpan, label: string): Promise<Document<S>>;
}

/** A stretch of symbols that begins where the part before ends. */
export interface Part {
  name: string;
  /** Offset after its last symbol. */
  end: number;
}

/** A file with its media type. */
export interface Picture {
  /** `image/jpeg` */
  type: string;
  file: Uint8Array;
}

/** A file that is written beside a sample. */
export interface Companion {
  /** With its dot. */
  extension: string;
  mime: string;
  file: Uint8Array;
}

/**
 * Where a document is cut for a prompt: after a share of it, after the n-th marker (the rule of the
 * authors' code), or after so many frames.
 */
export type PromptCut = { ratio: number } | { marker: number } | { frames: number };

/** How a document is shown on sheets and pages: an image itself, of a clip all its frames. */
export interface Still {
  /** In pixels. */
  width: number;
  height: number;
  mime: string;
  /** Pictures that are much wider than high, few of which fit side by side. */
  isStrip: boolean;
  /**
   * @param beginning a document, or one that ends at a prompt's cut
   * @param given symbols of it that were the prompt
   */
  draw(beginning: Symbols, given: number): Promise<Uint8Array>;
}

/** A codec with its settings. */
export interface Codec {
  readonly definition: CodecDefinition;
  /** Size of the images or frames in pixels. */
  readonly width: number;
  readonly height: number;
  /** How many symbols there are; 256 for bytes. */
  readonly alphabet: number;

  /**
   * @param options.mayBeShort also takes inputs with less in them than a document; a prompt needs no more
   * @throws CodecLmError `TOOL_MISSING` for a codec whose tool is not there
   */
  encoder(options?: { mayBeShort?: boolean }): Promise<Encoder>;

  /**
   * A whole document as a file that every viewer opens.
   * @throws CodecLmError with the definition's `invalidCode` when it is none
   */
  view(document: Symbols): Promise<Uint8Array>;
  /** Throws as `view` does; makes no file. */
  check(document: Symbols): void;
  /** What the symbols are parts of, from the first to the last. Throws as `view` does. */
  parts(document: Symbols): Part[];

  /** Of the documents of these settings. */
  grammar(): Grammar<unknown>;

  /** What is given of a prompt when nothing is said. */
  readonly defaultCut: PromptCut;
  /** The cut that gives about this share of a document, 0 to below 1. */
  cutOfShare(share: number): PromptCut;
  /**
   * @returns how many symbols are given to the model
   * @throws CodecLmError `USAGE` for a cut the document does not have
   */
  cut(document: Symbols, cut: PromptCut): number;

  /**
   * The beginning of a document, two symbols at least, as a viewer can follow it while it grows: the
   * bytes that follow in the document follow in the file as they are. Only codecs of bytes have it.
   */
  preview?(beginning: Uint8Array): Uint8Array;
  readonly still: Still;
  /**
   * How surprising each part of a document was, over its pictures.
   * @param symbolBits bits of each symbol under a model: [document.length]
   * @returns a PNG file
   */
  surprise(document: Symbols, symbolBits: Float64Array): Promise<Uint8Array>;
  /** What is written beside the file of a document of which `given` symbols were the prompt. */
  companions(document: Symbols, given: number): Promise<Companion[]>;
}

/** What is known of a codec before anything is opened. Heavy modules are imported in `open`, not above. */
export interface CodecDefinition {
  /** As written in shard metadata and given to `--codec`: lower-case letters, digits and dashes. */
  readonly name: string;
  /** As written in messages: `JPEG`. */
  readonly title: string;
  readonly media: Media;
  /** What an input is called: `image`, `video`. */
  readonly noun: string;
  /** What a document is called: `image`, `clip`. */
  readonly documentNoun: string;
  /** What files it reads, for help: a sentence or two. */
  readonly reads?: string;
  /** Of the inputs that are looked for in folders and archives: lower-case, with dot. */
  readonly extensions: ReadonlySet<string>;
  /** The file that `view` makes; its extension with dot. */
  readonly file: { readonly extension: string; readonly mime: string };
  /** The companion that a page shows in place of a sample's file, where a browser shows no such file. */
  readonly shown?: { readonly extension: string; readonly mime: string };

  /** Everything the symbols depend on, with its defaults. */
  readonly settings: z.ZodObject;
  /** Settings without which a document cannot be shown: a dataset that lacks one of them is damaged. */
  readonly viewSettings: readonly string[];
  /** The options that make settings and tools on a command line. */
  readonly options: z.ZodObject;
  /** @param options parsed by `options` */
  fromOptions(options: Readonly<Record<string, unknown>>): {
    settings: Readonly<Record<string, unknown>>;
    tools?: CodecTools;
  };

  readonly defaults: {
    /** Tokens of a sequence. */
    readonly seqLen: number;
    /** Byte-pair encoding, for codecs of bytes: merges to learn. Undefined: ids are the symbols. */
    readonly merges?: number;
  };
  /** Who does the work of encoding: this process on libuv's threads, or a process for each input. */
  readonly work: 'threads' | 'processes';

  /** Code of the error for an input that cannot be read. */
  readonly unreadable: ErrorCode;
  /** Code of the error for a file that is larger than any input may be. */
  readonly tooLarge: ErrorCode;
  /** For symbols that are no document. */
  readonly invalidCode: ErrorCode;

  /** What the symbols of a token say, for `tokenizer inspect`; empty for plain data. */
  meaning?(symbols: Symbols): string;

  /**
   * @param settings parsed by `settings` in here: what is missing gets its default
   * @throws CodecLmError `CONFIG_INVALID` that names the setting; `TOOL_MISSING`
   */
  open(settings?: Readonly<Record<string, unknown>>, tools?: CodecTools): Promise<Codec>;
}
