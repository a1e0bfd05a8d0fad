/**
 * Speculative drawing (Leviathan et al. 2023, Chen et al. 2023) that changes nothing: a small model, the
 * draft, proposes the next tokens of a sequence, and the model itself reads all of them in one step, in
 * which its weights come from memory once. Then it draws every position as it would without a draft, by the
 * same random number, mask and filters; a proposal counts only if it is the token that is drawn. So files
 * are the same, byte by byte.
 *
 * The draft proposes what it would draw itself by the random number of that position: where both models have
 * nearly the same distribution, the same number falls upon the same token.
 */
import { CodecLmError } from '../../../base/error.ts';
import { idAt, type Job, knownOf, remainingOf } from '../batch/job.ts';
import { anyBut, checkLogits } from '../draw.ts';
import type { CachedSequence, Engine, EngineRow } from '../engine/engine.ts';
import { filterLogits, pick } from '../filter.ts';
import { Pace } from './pace.ts';

/** How often the draft was right. */
export interface DraftCounts {
  /** Tokens that were proposed. */
  proposed: number;
  /** Those of them that were drawn. */
  accepted: number;
}

/** A sequence whose next tokens are being proposed. */
interface Course {
  job: Job;
  sequence: CachedSequence;
  /** Known or proposed, and not yet read by the draft. */
  unread: number[];
  /** That of the job, gone on by what is proposed. */
  constraint: Job['request']['constraint'];
  most: number;
  /** Estimated probability that all proposals so far are drawn. */
  hope: number;
}

export class Drafter {
  readonly #engine: Engine;
  readonly #pace: Pace;
  readonly #sequences = new Map<Job, CachedSequence>();
  readonly #counts: DraftCounts = { proposed: 0, accepted: 0 };
  #courses: Course[] = [];
  #drawing = 0;

  /**
   * @param engine of the draft; it can rewind
   * @param tokens proposed for each sequence at each step; default as many as pay
   */
  constructor(engine: Engine, tokens?: number) {
    this.#engine = engine;
    this.#pace = new Pace(tokens);
  }

  get counts(): Readonly<DraftCounts> {
    return this.#counts;
  }

  /**
   * Fills the proposals of the jobs that draw, and the masks of their next draws.
   * @param maxRows of a step of the model's engine
   * @throws CodecLmError `NOT_FINITE` for logits of the draft that give no distribution
   */
  async propose(jobs: readonly Job[], maxRows: number): Promise<void> {
    const drawing = jobs.filter(({ next }) => next !== undefined);
    this.#drawing = drawing.length;
    const isPrompting = drawing.length < jobs.length;
    const most = this.#pace.begin(drawing.length, isPrompting);
    // Prompts that are being read have half of the rows that are left.
    const room = Math.floor((maxRows - drawing.length) / (isPrompting ? 2 : 1));
    const each = Math.min(most, Math.floor(room / drawing.length));
    this.#courses = each > 0 ? drawing.flatMap((job) => this.#courseOf(job, each) ?? []) : [];
    while (await this.#read());
    this.#pace.proposed();
  }

  /** Ends the step for which tokens were proposed. @param rows that the model has read in it */
  settle(rows: number): void {
    let tokens = this.#drawing;
    for (const { job } of this.#courses) {
      const { proposals, agreed } = job;
      tokens += agreed;
      this.#counts.proposed += proposals.length;
      this.#counts.accepted += agreed;
      for (const { probability } of proposals.slice(0, agreed)) this.#pace.learn(probability, true);
      const isOver = !this.#sequences.has(job) || agreed === proposals.length;
      if (!isOver) this.#pace.learn(proposals[agreed].probability, false);
      job.proposals = [];
      job.agreed = 0;
    }
    this.#courses = [];
    this.#pace.end(rows, tokens);
  }

  /** The job has ended. */
  leave(job: Job): void {
    const sequence = this.#sequences.get(job);
    if (sequence) this.#engine.close(sequence);
    this.#sequences.delete(job);
  }

  #courseOf(job: Job, each: number): Course | undefined {
    const most = Math.min(each, remainingOf(job) - 1);
    const sequence = most > 0 ? this.#sequenceOf(job) : undefined;
    if (sequence === undefined) return undefined;
    const known = knownOf(job);
    // What it had read of proposals that were not drawn.
    if (sequence.length >= known) this.#engine.rewind!(sequence, known - 1);
    const unread: number[] = [];
    for (let place = sequence.length; place < known; place++) unread.push(idAt(job, place));
    // After the last step it has two to read at most; more is what it catches up with.
    if (unread.length > 2) this.#pace.disturbed();
    return { job, sequence, unread, constraint: job.request.constraint?.fork(), most, hope: 1 };
  }

  /** @returns undefined while there is no room */
  #sequenceOf(job: Job): CachedSequence | undefined {
    const open = this.#sequences.get(job);
    if (open) return open;
    const { prompt, request } = job;
    const [given, room] = [prompt.length - 1, prompt.length + request.maxTokens];
    const source = [...this.#sequences].find(
      ([other, { length }]) => given > 0 && other.prompt === prompt && length >= given,
    );
    const sequence = source ? this.#engine.fork?.(source[1], given, room) : this.#engine.open(room);
    if (sequence) this.#sequences.set(job, sequence);
    return sequence;
  }

  /** One step of the draft, and what it then proposes. @returns false when there was nothing to read */
  async #read(): Promise<boolean> {
    const rows: EngineRow[] = [];
    const ready: Course[] = [];
    for (const course of this.#courses) {
      const { job, sequence, unread } = course;
      // Somebody may leave while the draft computes.
      if (!this.#sequences.has(job)) continue;
      const ids = unread.splice(0, this.#engine.maxRows - rows.length);
      if (ids.length === 0) continue;
      const isLast = (i: number) => unread.length === 0 && i === ids.length - 1;
      ids.forEach((id, i) => {
        rows.push({ sequence, id, wantsLogits: isLast(i) });
      });
      if (unread.length === 0) ready.push(course);
    }
    if (rows.length === 0) return false;
    const start = performance.now();
    const logits = await this.#engine.step(rows);
    for (const [i, course] of ready.entries()) this.#guess(course, logits[i]);
    this.#pace.drafted(ready.length, performance.now() - start);
    return true;
  }

  #guess(course: Course, logits: Float32Array): void {
    const { job, constraint, unread, most } = course;
    const { request, proposals, masks } = job;
    const nth = proposals.length;
    checkLogits(logits);
    const mask = maskOf(course, logits.length);
    if (mask === undefined) return;
    if (constraint) masks.push(mask);
    const probabilities = filterLogits(logits, request, mask);
    const id = pick(probabilities, job.uniforms.at(nth));
    // Nothing is read behind the end.
    if (id === request.eosId) return;
    const chance = this.#pace.chance(probabilities[id]);
    if (!this.#pace.pays(nth, course.hope, chance)) return;
    course.hope *= chance;
    proposals.push({ id, probability: probabilities[id] });
    constraint?.accept(id);
    if (proposals.length < most) unread.push(id);
  }
}

/** @returns undefined where nothing may follow: if the model comes there, its own draw is the error */
function maskOf({ job, constraint }: Course, vocabSize: number): Uint32Array | undefined {
  const { request, proposals } = job;
  if (!constraint) return anyBut(request.bannedIds, vocabSize);
  try {
    return constraint.allowed(remainingOf(job) - proposals.length);
  } catch (error) {
    if (error instanceof CodecLmError) return undefined;
    throw error;
  }
}
