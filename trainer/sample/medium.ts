/** What the sampler needs of images or clips: prompts, grammar, files, pictures. */
import type { Codec } from '../../tokenizer/codecs/codec.ts';
import type { Grammar } from '../../tokenizer/mask/grammar.ts';

/**
 * Where a document is cut for a prompt: an image after a share of its MCUs or by the authors'
 * marker rule, a clip after so many frames.
 */
export type PromptCut = { ratio: number } | { marker: number } | { frames: number };

/** A file that is written beside a sample. */
export interface Companion {
  /** With its dot. */
  extension: string;
  mime: string;
  file: Uint8Array;
}

/** What differs between codecs; the rest of the sampler knows none by name. */
export interface SampledMedium {
  codec: Codec;
  /** Size of the images or frames it was trained on, in pixels. */
  width: number;
  height: number;
  /** Of the documents a checkpoint writes. */
  grammar: Grammar<unknown>;
  /** What is given of a prompt when nothing is said. */
  defaultCut: PromptCut;
  /**
   * @param document a whole canonical document
   * @returns bytes that are given to the model
   * @throws CodecLmError `USAGE` for a cut the document does not have
   */
  cut(document: Uint8Array, cut: PromptCut): number;
  /**
   * A whole document as a file that a viewer opens.
   * @throws CodecLmError with the codec's code when it is none
   */
  view(document: Uint8Array): Promise<Uint8Array>;
  /**
   * The beginning of a document, two bytes at least, as a viewer can follow it while it grows: what
   * follows in the document follows in the file as it is.
   */
  preview(beginning: Uint8Array): Uint8Array;
  /** How a document is shown on a sheet and a page. */
  still: Still;
  /**
   * How surprising each part of a document was, over its pictures.
   * @param byteBits bits of each byte under a model: [document.length]
   * @returns a PNG file
   */
  surprise(document: Uint8Array, byteBits: Float64Array): Promise<Uint8Array>;
  /** What is written beside the file of a document of which `given` bytes were the prompt. */
  companions(document: Uint8Array, given: number): Promise<Companion[]>;
}

/** One picture of a document: of an image itself, of a clip all its frames. */
export interface Still {
  /** In pixels. */
  width: number;
  height: number;
  mime: string;
  /**
   * @param beginning a document, or one that ends at a prompt's cut
   * @param given bytes of it that were the prompt
   */
  draw(beginning: Uint8Array, given: number): Promise<Uint8Array>;
}
