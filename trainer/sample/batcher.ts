/**
 * Many generations on one engine, in a batch that changes at every step (continuous batching, as
 * in Orca, Yu et al. 2022): each step reads one token of every sequence that is being drawn and
 * fills the rest of its rows with prompts; who has ended frees its place for who waits.
 *
 * The logits of a sequence and its random numbers depend on nothing but itself, so neither do
 * its tokens: not on the batch, not on who comes and goes.
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
  /** Ids that are given, `<bos>` among them; one at least. */
  prompt: ArrayLike<number>;
  /** Tokens drawn at most, `<eos>` counted; with 0 the prompt is only read. */
  maxTokens: number;
  /** With `stream` it decides all random numbers. */
  seed: number;
  stream: number;
  /** Ends the generation when it is drawn. */
  eosId: number;
  /** Never drawn: `<bos>` and `<pad>` belong to no document. */
  bannedIds: readonly number[];
  constraint?: Constraint;
  /** Sees every token of the prompt but the first, which nothing predicts, as the model rates it. */
  onPromptToken?(token: RatedToken): void;
  /** Sees every token but `<eos>`; true ends the generation after it. */
  onToken?(token: DrawnToken): boolean | undefined;
  /** Sees `<eos>`, when it is drawn. */
  onEnd?(token: DrawnToken): void;
}

/** `length`: cut off before `<eos>`; `stop`: `onToken` ended it. */
export type Finish = 'eos' | 'length' | 'stop';

export interface Generation {
  /** Drawn ids, without the prompt and `<eos>`. */
  ids: number[];
  finish: Finish;
  /** Tokens drawn, `<eos>` counted. */
  tokens: number;
  /** Sum of ln p of them under the unfiltered model. */
  logProbability: number;
  /** Draws of which the constraint forbade the token that the model held most likely. */
  corrected: number;
}

export interface Ticket {
  /** Rejects with an `AbortError` when it is cancelled. */
  readonly done: Promise<Generation>;
  /** Frees its place; nothing when it has ended. */
  cancel(): void;
}

/** What logits of a step are for: the token of the prompt at a place, or the one to be drawn behind it. */
interface Prediction {
  job: Job;
  place: number;
}

interface Job {
  request: GenerationRequest;
  random: () => number;
  generation: Generation;
  sequence?: CachedSequence;
  /** The id to read next, once the prompt has been read. */
  next?: number;
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

  /** @throws CodecLmError `MEMORY_LIMIT` for more tokens than the engine has room for */
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
        random: randomFractions(request.seed, request.stream),
        generation: generation as Generation,
        settle: { resolve, reject },
      };
      this.#waiting.push(job);
    });
    return { done, cancel: () => this.#cancel(job) };
  }

  /** One step of the engine. @returns false when there was nothing to do */
  async step(): Promise<boolean> {
    this.#admit();
    const { rows, predictions } = this.#rows();
    if (rows.length === 0) return false;
    const logits = await this.#engine.step(rows);
    for (const [i, { job, place }] of predictions.entries()) {
      // Who left during the step draws no more.
      if (this.#running.includes(job)) this.#take(job, place, logits[i]);
    }
    return true;
  }

  /** Fails everything that has not ended. */
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

  /** In the order of arrival, as long as there is room for all tokens they may need. */
  #admit(): void {
    for (let job = this.#waiting[0]; job !== undefined; job = this.#waiting[0]) {
      const { prompt, maxTokens } = job.request;
      job.sequence = this.#engine.open(prompt.length + maxTokens);
      if (job.sequence === undefined) return;
      this.#running.push(this.#waiting.shift()!);
    }
  }

  /** Drawn tokens first: nobody waits for another's prompt. */
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

  #draw(job: Job, logits: Float32Array): void {
    const { request, generation } = job;
    const remaining = request.maxTokens - generation.tokens;
    const allowed =
      request.constraint?.allowed(remaining) ?? anyBut(request.bannedIds, logits.length);
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
    job.generation.finish = finish;
    job.settle.resolve(job.generation);
  }

  /** @returns false when it was not there any more */
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
