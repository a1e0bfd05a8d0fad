/**
 * Many generations on one engine, in a batch that changes at every step (continuous batching, as in
 * Orca, Yu et al. 2022): each step reads one token of every running sequence and fills its other
 * rows with prompts. A sequence that has ended makes room for one that waits.
 *
 * The logits and random numbers of a sequence depend only on the sequence itself. So its tokens do
 * not depend on the batch, or on other sequences that come and go.
 * Equal prompts are read once.
 */
import { CodecLmError } from '../../base/error.ts';
import { randomFractions } from '../../base/random.ts';
import {
  anyBut,
  type Constraint,
  type DrawnToken,
  type DrawOptions,
  drawToken,
  type RatedToken,
  rateToken,
} from './draw.ts';
import type { CachedSequence, Engine, EngineRow } from './engine/engine.ts';

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

/** Use of a step's logits: to rate a token of the prompt, or to draw the next token. */
interface Prediction {
  job: Job;
  place: number;
}

interface Job {
  request: GenerationRequest;
  /** The prompt of the request; jobs with equal ones have the same. */
  prompt: ArrayLike<number>;
  random: () => number;
  generation: Generation;
  sequence?: CachedSequence;
  /** The id to read next, after the prompt has been read. */
  next?: number;
  /** Tokens that the constraint allows next, once they are known. */
  allowed?: Uint32Array;
  settle: { resolve(generation: Generation): void; reject(error: unknown): void };
}

export class Batcher {
  readonly #engine: Engine;
  readonly #waiting: Job[] = [];
  readonly #running: Job[] = [];

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  get running(): number {
    return this.#running.length;
  }

  /** @throws CodecLmError `MEMORY_LIMIT` for more tokens than the engine can hold */
  submit(request: GenerationRequest): Ticket {
    const tokens = request.prompt.length + request.maxTokens;
    if (tokens > this.#engine.capacity) {
      throw new CodecLmError(
        'MEMORY_LIMIT',
        `${tokens} tokens are more than the ${this.#engine.capacity} that fit into memory`,
        { hint: 'allow fewer tokens' },
      );
    }
    const generation = { ids: [], finish: 'length', tokens: 0, logProbability: 0, corrected: 0 };
    let job: Job;
    const done = new Promise<Generation>((resolve, reject) => {
      job = {
        request,
        prompt: this.#sharedPrompt(request.prompt),
        random: randomFractions(request.seed, request.stream),
        generation: generation as Generation,
        settle: { resolve, reject },
      };
      this.#waiting.push(job);
    });
    return { done, cancel: () => this.#cancel(job) };
  }

  /** Runs one step of the engine. @returns false when there was nothing to do */
  async step(): Promise<boolean> {
    this.#admit();
    const { rows, predictions } = this.#rows();
    if (rows.length === 0) return false;
    const stepping = this.#engine.step(rows);
    // An engine on threads of its own computes meanwhile.
    for (const { job, place } of predictions) {
      if (place >= job.prompt.length) this.#prepareMask(job);
    }
    const logits = await stepping;
    // Before anybody leaves: who waits for a prompt that has now been read takes it from there.
    this.#admit();
    for (const [i, { job, place }] of predictions.entries()) {
      // A job that left during the step draws no more tokens.
      if (this.#running.includes(job)) this.#take(job, place, logits[i]);
    }
    return true;
  }

  /** Fails all generations that have not ended. */
  abort(error: unknown): void {
    for (const job of [...this.#running, ...this.#waiting]) {
      this.#leave(job);
      job.settle.reject(error);
    }
  }

  #cancel(job: Job): void {
    if (!this.#leave(job)) return;
    const error = new Error('the generation was cancelled');
    error.name = 'AbortError';
    job.settle.reject(error);
  }

  /**
   * Admits jobs in the order of arrival, as long as there is room for all tokens that they may need.
   * A job whose prompt is being read for another one waits for that, and lets others pass.
   */
  #admit(): void {
    for (const job of [...this.#waiting]) {
      const { maxTokens } = job.request;
      const room = job.prompt.length + maxTokens;
      const leader = this.#leaderOf(job);
      const given = job.prompt.length - 1;
      if (leader && leader.sequence!.length < given) continue;
      // The last token of the prompt is read by each: the logits behind it are.
      job.sequence = leader
        ? this.#engine.fork!(leader.sequence!, given, room)
        : this.#engine.open(room);
      if (job.sequence === undefined) return;
      this.#waiting.splice(this.#waiting.indexOf(job), 1);
      this.#running.push(job);
    }
  }

  /** A running job with the same prompt; one that has read it, if there is one. */
  #leaderOf({ prompt, request }: Job): Job | undefined {
    if (!this.#engine.fork || request.onPromptToken || prompt.length < 2) return undefined;
    const alike = this.#running.filter((job) => job.prompt === prompt);
    return alike.find(({ sequence }) => sequence!.length >= prompt.length - 1) ?? alike[0];
  }

  /** The same array for equal prompts, so that comparing them takes no time later. */
  #sharedPrompt(prompt: ArrayLike<number>): ArrayLike<number> {
    const jobs = [...this.#running, ...this.#waiting];
    return jobs.find((job) => isSame(job.prompt, prompt))?.prompt ?? prompt;
  }

  /**
   * Rows of the next step. Running sequences come first, so that none waits for another's prompt.
   */
  #rows(): { rows: EngineRow[]; predictions: Prediction[] } {
    const rows: EngineRow[] = [];
    const predictions: Prediction[] = [];
    for (const job of this.#running) {
      if (job.next === undefined || rows.length === this.#engine.maxRows) continue;
      rows.push({ sequence: job.sequence!, id: job.next, wantsLogits: true });
      predictions.push({ job, place: job.sequence!.length + 1 });
    }
    for (const job of this.#running) {
      if (job.next !== undefined) continue;
      const { prompt, onPromptToken } = job.request;
      const sequence = job.sequence!;
      const room = this.#engine.maxRows - rows.length;
      const end = Math.min(prompt.length, sequence.length + room);
      for (let i = sequence.length; i < end; i++) {
        const wantsLogits = i === prompt.length - 1 || onPromptToken !== undefined;
        rows.push({ sequence, id: prompt[i], wantsLogits });
        if (wantsLogits) predictions.push({ job, place: i + 1 });
      }
    }
    return { rows, predictions };
  }

  #take(job: Job, place: number, logits: Float32Array): void {
    const { prompt, maxTokens, alternatives, onPromptToken } = job.request;
    try {
      if (place < prompt.length) onPromptToken?.(rateToken(logits, prompt[place], alternatives));
      else if (maxTokens === 0) this.#finish(job, 'length');
      else this.#draw(job, logits);
    } catch (error) {
      this.#leave(job);
      job.settle.reject(error);
    }
  }

  /** The mask depends on tokens that are drawn already, so it need not wait for logits. */
  #prepareMask(job: Job): void {
    const { constraint, maxTokens } = job.request;
    if (maxTokens === 0) return;
    try {
      job.allowed = constraint?.allowed(maxTokens - job.generation.tokens);
    } catch (error) {
      this.#leave(job);
      job.settle.reject(error);
    }
  }

  #draw(job: Job, logits: Float32Array): void {
    const { request, generation } = job;
    const remaining = request.maxTokens - generation.tokens;
    const allowed =
      job.allowed ??
      request.constraint?.allowed(remaining) ??
      anyBut(request.bannedIds, logits.length);
    job.allowed = undefined;
    const token = drawToken(logits, request, allowed, job.random());
    generation.tokens++;
    generation.logProbability += token.logProbability;
    if (request.constraint && token.isCorrected) generation.corrected++;
    if (token.id === request.eosId) {
      request.onEnd?.(token);
      this.#finish(job, 'eos');
      return;
    }
    request.constraint?.accept(token.id);
    generation.ids.push(token.id);
    job.next = token.id;
    if (request.onToken?.(token)) this.#finish(job, 'stop');
    else if (remaining === 1) this.#finish(job, 'length');
  }

  #finish(job: Job, finish: Finish): void {
    this.#leave(job);
    // At once: who has the same prompt can begin where another one still holds it.
    this.#admit();
    job.generation.finish = finish;
    job.settle.resolve(job.generation);
  }

  /** @returns false when the job had already left */
  #leave(job: Job): boolean {
    for (const list of [this.#waiting, this.#running]) {
      const at = list.indexOf(job);
      if (at < 0) continue;
      list.splice(at, 1);
      if (job.sequence) this.#engine.close(job.sequence);
      return true;
    }
    return false;
  }
}

function isSame(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
