/** One generation, as the batcher is asked for it, as it grows, and as it ends. */
import type { Constraint, DrawnToken, DrawOptions, RatedToken } from '../draw.ts';
import type { CachedSequence } from '../engine/engine.ts';
import type { Uniforms } from './uniforms.ts';

export interface GenerationRequest extends DrawOptions {
  /** Given ids, at least one, including `<bos>`. */
  prompt: ArrayLike<number>;
  /** Most tokens to draw, including `<eos>`; with 0 the prompt is only read. */
  maxTokens: number;
  /** Together with `stream` it determines all random numbers. */
  seed: number;
  stream: number;
  /** Drawing this id ends the generation. */
  eosId: number;
  /** Ids that are never drawn: `<bos>` and `<pad>` belong to no document. */
  bannedIds: readonly number[];
  constraint?: Constraint;
  /**
   * Called for every token of the prompt except the first (which nothing predicts), with the
   * model's rating.
   */
  onPromptToken?(token: RatedToken): void;
  /** Called for every drawn token except `<eos>`; returning true ends the generation after it. */
  onToken?(token: DrawnToken): boolean | undefined;
  /** Called when `<eos>` is drawn. */
  onEnd?(token: DrawnToken): void;
}

/** `length`: it reached the limit before `<eos>`; `stop`: `onToken` ended it. */
export type Finish = 'eos' | 'length' | 'stop';

export interface Generation {
  /** Drawn ids, without prompt and `<eos>`. */
  ids: number[];
  finish: Finish;
  /** Number of drawn tokens, including `<eos>`. */
  tokens: number;
  /** Sum of ln p of these tokens under the unfiltered model. */
  logProbability: number;
  /** Number of draws at which the constraint forbade the most likely token. */
  corrected: number;
}

export interface Ticket {
  /** The result; rejects with an `AbortError` when the generation is cancelled. */
  readonly done: Promise<Generation>;
  /** Ends the generation and frees its place; does nothing if it has ended. */
  cancel(): void;
}

/** A token that the draft expects to be drawn. */
export interface Proposal {
  id: number;
  /** Its probability in the draft's filtered distribution. */
  probability: number;
}

export interface Job {
  request: GenerationRequest;
  /** The prompt of the request; jobs with equal ones have the same. */
  prompt: ArrayLike<number>;
  uniforms: Uniforms;
  generation: Generation;
  sequence?: CachedSequence;
  /** The id to read next, after the prompt has been read. */
  next?: number;
  /** Tokens that the constraint allows in the next draws, as far as they are known. */
  masks: Uint32Array[];
  /** Tokens that are read behind `next` in the same step, before it is known whether they are drawn. */
  proposals: Proposal[];
  /** Number of these that were then drawn. */
  agreed: number;
  settle: { resolve(generation: Generation): void; reject(error: unknown): void };
}

/** Number of tokens that a job may still draw. */
export function remainingOf({ request, generation }: Job): number {
  return request.maxTokens - generation.tokens;
}

/** Number of tokens that are known: those of the prompt, and those drawn. */
export function knownOf({ prompt, generation }: Job): number {
  return prompt.length + generation.ids.length;
}

/** @param place below `knownOf` */
export function idAt({ prompt, generation }: Job, place: number): number {
  return place < prompt.length ? prompt[place] : generation.ids[place - prompt.length];
}
