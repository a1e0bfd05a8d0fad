/**
 * The interface of a codec: it converts a media file to a document, which is a sequence of symbols,
 * and back to a file that a viewer opens. Everything about one codec is in its folder; other
 * modules find it in the registry and name no codec.
 *
 * It has two parts: a definition, which loads nothing heavy and has all that a command line needs,
 * and the codec itself, which is opened with settings. Modules that load sharp or look for ffmpeg
 * are imported when a method needs them, so that reading shards needs neither.
 */
import type { z } from 'zod';
import type { ErrorCode } from '../../base/error.ts';
import type { Symbols } from '../alphabet.ts';
import type { Grammar } from '../mask/grammar.ts';
import type { ClipEncoder, SurveyedFrame, SurveyOptions } from './clips.ts';
import type { CodecSettings, Document, Encoder, FileSpan, Measures } from './encoder.ts';
import type { Learning } from './learning.ts';
import type { HeatScale, Raster } from './pictures/heat.ts';
import type { SyntaxMap } from './syntax-map.ts';
import type { CodecTraining } from './training.ts';

export type { ClipEncoder, CodecSettings, Document, Encoder, FileSpan, Measures };
export type { SurveyedFrame, SurveyOptions };

/** The command that a codec belongs to: `pipeline run images`, `pipeline run videos`. */
export type Media = 'images' | 'videos';

/** Command-line options that name a tool and do not affect the symbols, e.g. `ffmpeg`. */
export type CodecTools = Readonly<Record<string, string | undefined>>;

/** A named range of symbols; it begins where the previous part ends. */
export interface Part {
  name: string;
  /** Offset after its last symbol. */
  end: number;
}

/** A file with its media type. */
export interface Picture {
  /** Media type such as `image/jpeg`. */
  type: string;
  file: Uint8Array;
}

/** A file that is written beside a sample. */
export interface Companion {
  /** File extension with its dot. */
  extension: string;
  mime: string;
  file: Uint8Array;
}

/**
 * Place to cut a document for a prompt: after a share of it, after the n-th marker (the rule of the
 * authors' code), or after a number of frames.
 */
export type PromptCut = { ratio: number } | { marker: number } | { frames: number };

/**
 * The picture that shows a document on sheets and pages: the image itself, or all frames of a clip.
 */
export interface Still {
  /** Size in pixels. */
  width: number;
  height: number;
  mime: string;
  /** True for pictures that are much wider than high, so that few fit side by side. */
  isStrip: boolean;
  /**
   * @param beginning a document, or the part of one up to a prompt's cut
   * @param given number of its symbols that were the prompt
   */
  draw(beginning: Symbols, given: number): Promise<Uint8Array>;
  /** A sentence on how pictures mark the given part, if they do. */
  givenMark?: string;
  /** Says which part of a document was given. Without this method the number of symbols is said. */
  givenInWords?(document: Symbols, given: number): string;
}

/** A codec with its settings. */
export interface Codec {
  readonly definition: CodecDefinition;
  /**
   * All settings: those that were given, defaults, and what opening found out, as the size of a model
   * or the colours of a file. A codec that is opened with these needs no file to check a document.
   */
  readonly settings: CodecSettings;
  /** Size of the images or frames in pixels. */
  readonly width: number;
  readonly height: number;
  /** Number of symbols; 256 for bytes. */
  readonly alphabet: number;
  /** Tokens of a sequence when nothing is said, where the settings decide it; else the definition's. */
  readonly seqLen?: number;
  /** There as long as settings are missing that can be learned. */
  readonly learning?: Learning;

  /**
   * @param options.mayBeShort also accepts inputs that are too short for a document, which is
   * enough for a prompt
   * @throws CodecLmError `TOOL_MISSING` when a tool of the codec is not installed
   */
  encoder(options?: { mayBeShort?: boolean }): Promise<Encoder>;

  /**
   * Converts a whole document to a file that every viewer opens.
   * @throws CodecLmError with the definition's `invalidCode` when it is not a document
   */
  view(document: Symbols): Promise<Uint8Array>;
  /** Checks a document without making a file. Throws as `view` does. */
  check(document: Symbols): void;
  /** Splits the symbols into named parts, from the first to the last. Throws as `view` does. */
  parts(document: Symbols): Part[];

  /**
   * Says what each symbol is about: which kind of syntax, which place of the picture. Without this
   * method all symbols are of one kind and have no place. Throws as `view` does.
   */
  syntax?(document: Symbols): SyntaxMap;

  /** The grammar of documents with these settings. */
  grammar(): Grammar<unknown>;

  /** The cut of a prompt when the user names none. */
  readonly defaultCut: PromptCut;
  /** The cut that keeps about this share of a document, 0 to below 1. */
  cutOfShare(share: number): PromptCut;
  /**
   * @returns the number of symbols that the model is given
   * @throws CodecLmError `USAGE` for a cut the document does not have
   */
  cut(document: Symbols, cut: PromptCut): number;

  /**
   * Converts the beginning of a document (at least two symbols) to bytes that a viewer can show
   * while it grows: further bytes of the document are appended as they are. Only codecs of bytes
   * have this method.
   */
  preview?(beginning: Uint8Array): Uint8Array;
  readonly still: Still;
  /**
   * Decodes the frames of a clip. Only codecs of videos have this method. Throws as `view` does, and
   * `TOOL_MISSING` or `TOOL_FAILED` for the tool that decodes.
   */
  frames?(document: Symbols): Promise<Raster[]>;
  /** Draws how surprising each part of a document was, over its pictures. */
  surprise(document: Symbols, symbolBits: Float64Array): Promise<Uint8Array>;
  /** Says what the colours of `surprise` stand for; without this method its maps have no legend. */
  heatScale?(document: Symbols, symbolBits: Float64Array): Promise<HeatScale>;
  /** Files to write beside the file of a document, of which `given` symbols were the prompt. */
  companions(document: Symbols, given: number): Promise<Companion[]>;
}

/** A codec as its own `open` makes it: without `settings`, they are those that it was opened with. */
export type OpenedCodec = Omit<Codec, 'settings'> & {
  readonly settings?: Readonly<Record<string, unknown>>;
};

/** The facts about a codec that need no heavy modules. `open` imports those. */
export interface CodecDefinition {
  /** The name in shard metadata and of `--codec`: lower-case letters, digits and dashes. */
  readonly name: string;
  /** The name in messages: `JPEG`. */
  readonly title: string;
  readonly media: Media;
  /** Word for an input: `image`, `video`. */
  readonly noun: string;
  /** Word for a document: `image`, `clip`. */
  readonly documentNoun: string;
  /** A sentence or two for the help: the files that the codec reads. */
  readonly reads?: string;
  /**
   * Extensions of the inputs that are looked for in folders and archives: lower-case, with dot.
   */
  readonly extensions: ReadonlySet<string>;
  /** The file that `view` makes; its extension with dot. */
  readonly file: { readonly extension: string; readonly mime: string };
  /**
   * The companion that a page shows in place of a sample's file, when browsers cannot show that
   * file.
   */
  readonly shown?: { readonly extension: string; readonly mime: string };

  /** Schema of everything that the symbols depend on, with defaults. */
  readonly settings: z.ZodObject;
  /** Settings that are needed to show a document: a dataset that lacks one of them is damaged. */
  readonly viewSettings: readonly string[];
  /**
   * Settings that say what a symbol stands for, where that was learned: the colours of a palette, the
   * hash of a model. Datasets that differ in one of them are not for one language model.
   */
  readonly symbolSettings?: readonly string[];
  /** Schema of the command-line options from which settings and tools are made. */
  readonly options: z.ZodObject;
  /** @param options options parsed by `options` */
  fromOptions(options: Readonly<Record<string, unknown>>): {
    settings: Readonly<Record<string, unknown>>;
    tools?: CodecTools;
  };

  readonly defaults: {
    /** Default number of tokens per sequence. */
    readonly seqLen: number;
    /**
     * Default number of BPE merges to learn, for codecs of bytes. undefined: the ids are the
     * symbols.
     */
    readonly merges?: number;
  };
  /** Whether a file may give several documents: encoders have `clips` then. */
  readonly clips?: boolean;
  /** Where encoding runs: on libuv's threads in this process, or in a process for each input. */
  readonly work: 'threads' | 'processes';

  /** Error code for an input that cannot be read. */
  readonly unreadable: ErrorCode;
  /** Error code for a file that is larger than the limit of inputs. */
  readonly tooLarge: ErrorCode;
  /** Error code for symbols that are not a document. */
  readonly invalidCode: ErrorCode;

  /** Explains the symbols of a token for `tokenizer inspect`; empty for plain data. */
  meaning?(symbols: Symbols): string;

  /** There for a codec whose model is learned before: `tokenizer train`. */
  readonly training?: CodecTraining;

  /**
   * @param settings are validated by the schema `settings`, which fills in the defaults
   * @throws CodecLmError `CONFIG_INVALID` that names the setting; `TOOL_MISSING`
   */
  open(settings?: Readonly<Record<string, unknown>>, tools?: CodecTools): Promise<Codec>;
}
