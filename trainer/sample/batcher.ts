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
import {
  type Generation,
  type GenerationRequest,
  type Job,
  knownOf,
  remainingOf,
  type Ticket,
} from './batch/job.ts';
import { Uniforms } from './batch/uniforms.ts';
import type { Drafter } from './draft/drafter.ts';
import { anyBut, drawToken, rateToken } from './draw.ts';
import type { Engine, EngineRow } from './engine/engine.ts';

/** Use of a step's logits: to rate a token of the prompt, or to draw the next token. */
interface Prediction {
  job: Job;
  place: number;
  /** The id in the row behind, which was read in the expectation that these logits draw it. */
  expected?: number;
}

export class Batcher {
  readonly #engine: Engine;
  readonly #waiting: Job[] = [];
  readonly #running: Job[] = [];
  readonly #drafter: Drafter | undefined;

  /**
   * @param drafter proposes tokens, which makes drawing faster and changes nothing that is drawn
   */
  constructor(engine: Engine, drafter?: Drafter) {
    this.#engine = engine;
    this.#drafter = drafter;
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
        uniforms: new Uniforms(request.seed, request.stream),
        generation: generation as Generation,
        ...{ masks: [], proposals: [], agreed: 0 },
        settle: { resolve, reject },
      };
      this.#waiting.push(job);
    });
    return { done, cancel: () => this.#cancel(job) };
  }

  /** Runs one step of the engine. @returns false when there was nothing to do */
  async step(): Promise<boolean> {
    this.#admit();
    await this.#drafter?.propose(this.#running, this.#engine.maxRows);
    const { rows, predictions } = this.#rows();
    if (rows.length === 0) return false;
    const stepping = this.#engine.step(rows);
    // An engine on threads of its own computes meanwhile.
    for (const { job, place } of predictions) {
      if (place >= job.prompt.length && job.masks.length === 0) this.#prepareMask(job);
    }
    const logits = await stepping;
    // Before anybody leaves: who waits for a prompt that has now been read takes it from there.
    this.#admit();
    this.#takeAll(predictions, logits);
    this.#drafter?.settle(rows.length);
    return true;
  }

  #takeAll(predictions: readonly Prediction[], logits: readonly Float32Array[]): void {
    const astray = new Set<Job>();
    for (const [i, { job, place, expected }] of predictions.entries()) {
      // A job that left during the step draws no more tokens.
      if (astray.has(job) || !this.#running.includes(job)) continue;
      this.#take(job, place, logits[i]);
      if (expected === undefined || !this.#running.includes(job)) continue;
      if (job.next === expected) job.agreed++;
      else astray.add(job);
    }
    for (const job of astray) {
      job.masks.length = 0;
      // The rows behind the token that was drawn instead never happened.
      this.#engine.rewind!(job.sequence!, knownOf(job) - 1);
    }
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
      const sequence = job.sequence!;
      const ids = [job.next, ...job.proposals.map(({ id }) => id)];
      ids.forEach((id, i) => {
        rows.push({ sequence, id, wantsLogits: true });
        predictions.push({ job, place: sequence.length + i + 1, expected: ids[i + 1] });
      });
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
      const allowed = constraint?.allowed(remainingOf(job));
      if (allowed) job.masks.push(allowed);
    } catch (error) {
      this.#leave(job);
      job.settle.reject(error);
    }
  }

  #draw(job: Job, logits: Float32Array): void {
    const { request, generation } = job;
    const remaining = remainingOf(job);
    const allowed =
      job.masks.shift() ??
      request.constraint?.allowed(remaining) ??
      anyBut(request.bannedIds, logits.length);
    const token = drawToken(logits, request, allowed, job.uniforms.take());
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

  #finish(job: Job, finish: Generation['finish']): void {
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
      this.#drafter?.leave(job);
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
