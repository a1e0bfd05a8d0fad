/** Settings of a codec that are learned from the inputs. */
import type { CodecSettings, Document, Encoder } from './encoder.ts';

/**
 * Settings that a sample of the inputs has to say, as the colours of a palette. A codec that still
 * lacks them has this, and can neither encode nor show anything. A pipeline learns them once, when its
 * plan stands, and opens the codec again with them.
 */
export interface Learning {
  /** Name of the learned thing, for messages: `512 colours`. */
  readonly what: string;
  /** Inputs to learn from, if there are so many. */
  readonly samples: number;
  /** Files to what a learner takes; settings and versions are those of the codec, as far as they are known. */
  encoder(): Promise<Encoder>;
  /** @param seed a whole number; with equal documents in equal order it gives equal settings */
  learner(seed: number): Learner;
}

export interface Learner {
  /** Takes a document of the sample; called in the order of the plan. */
  add(document: Document): void;
  /**
   * @returns the settings that were missing
   * @throws CodecLmError `CONFIG_INVALID` for a sample that they cannot be learned from
   */
  finish(): Promise<CodecSettings>;
}
