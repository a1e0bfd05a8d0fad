/**
 * How many tokens are proposed. A proposal pays while the tokens that it is likely to gain are more than
 * what would be drawn without it in the time that it takes. Times, and how often the draft is right, are
 * measured while drawing; whatever they are, the same tokens are drawn.
 */

/** Most tokens proposed at once, where nobody says how many: products take up to 8 rows nearly as one. */
const MOST = 7;
/** Steps at the beginning: without proposals, then with 1, 2, … of them. */
const FIRST_PLAIN = 4;
const FIRST_DRAFTED = MOST;
/** Then the other way, with or without proposals, is tried again for two steps of so many. */
const TRIED_EVERY = 80;
const TRIED = 2;
/** Share of what was measured that is kept at each further step. */
const KEPT = 0.95;
/** A step takes at most so many times as long as usual; what is beyond is the machine doing other work. */
const LONGEST = 3;
/** How sure the draft is, in classes; a class begins as if it had been right as often as it is sure. */
const CLASSES = 10;
const BEGINNING = 4;

/** Tokens and the milliseconds that they took. */
interface Rate {
  tokens: number;
  ms: number;
}

export class Pace {
  readonly #fixed: number | undefined;
  readonly #clock: () => number;
  readonly #tried = new Float64Array(CLASSES).fill(BEGINNING);
  readonly #right = Float64Array.from(
    { length: CLASSES },
    (_, i) => (BEGINNING * (i + 0.5)) / CLASSES,
  );
  readonly #rates: Record<'plain' | 'drafted', Rate> = {
    plain: { tokens: 0, ms: 0 },
    drafted: { tokens: 0, ms: 0 },
  };
  readonly #stepMs = new StepTimes();
  /** Milliseconds of a draft's step, for each sequence. */
  #draftMs = 0;
  #step = 0;
  #way: 'plain' | 'drafted' = 'plain';
  /** Proposals of this step without regard to what pays. */
  #forced: number | undefined;
  #isUsual = true;
  /** Whether one sequence is drawn alone. */
  #isAlone = false;
  #begunAt = 0;
  #proposedAt = 0;

  /**
   * @param fixed number of proposals at every step
   * @param clock milliseconds since whenever
   */
  constructor(fixed?: number, clock = () => performance.now()) {
    this.#fixed = fixed;
    this.#clock = clock;
  }

  /**
   * Begins a step.
   * @param drawing number of sequences that draw
   * @param isPrompting whether it reads prompts too: then its time says nothing
   * @returns most proposals for each sequence
   */
  begin(drawing: number, isPrompting: boolean): number {
    this.#isAlone = drawing === 1;
    this.#begunAt = this.#clock();
    this.#isUsual = !isPrompting;
    if (this.#fixed !== undefined) return this.#fixed;
    if (!isPrompting) this.#step++;
    this.#forced = undefined;
    const nth = this.#step - FIRST_PLAIN;
    if (nth <= 0) this.#way = 'plain';
    else if (nth <= FIRST_DRAFTED) {
      this.#way = 'drafted';
      this.#forced = 1 + (nth % MOST);
    } else {
      const isTrial = nth % TRIED_EVERY < TRIED;
      const isFaster = speed(this.#rates.drafted) > speed(this.#rates.plain);
      this.#way = isFaster === isTrial ? 'plain' : 'drafted';
    }
    return this.#way === 'plain' ? 0 : (this.#forced ?? MOST);
  }

  /** The draft has to catch up, so that the time of this step says nothing. */
  disturbed(): void {
    this.#isUsual = false;
  }

  /** How likely a proposal is drawn that the draft itself gives this probability. */
  chance(probability: number): number {
    const own = classOf(probability);
    return this.#right[own] / this.#tried[own];
  }

  /**
   * Whether one more proposal pays, or a few more together: rows come in tiles, so that the fifth may cost more
   * than the next three after it.
   * @param before how many are proposed for the sequence already
   * @param hope probability that all of them are drawn
   * @param chance that of this one
   */
  pays(before: number, hope: number, chance: number): boolean {
    if (this.#fixed !== undefined || this.#forced !== undefined) return true;
    const { plain, drafted } = this.#rates;
    const rate = Math.max(speed(plain), speed(drafted));
    let [gain, likely] = [0, hope];
    for (let more = 1; before + more <= MOST; more++) {
      // As if the next ones were as sure.
      likely *= chance;
      gain += likely;
      const ms = this.#stepMs.more(before + 1, more, this.#isAlone) + more * this.#draftMs;
      if (gain > rate * ms) return true;
    }
    return false;
  }

  /** What became of a proposal. */
  learn(probability: number, isRight: boolean): void {
    const own = classOf(probability);
    this.#tried[own]++;
    if (isRight) this.#right[own]++;
  }

  /** A step of the draft for so many sequences. */
  drafted(sequences: number, ms: number): void {
    if (!this.#isUsual) return;
    this.#draftMs = blend(this.#draftMs, ms / sequences);
  }

  /** All has been proposed: from now on the model computes. */
  proposed(): void {
    this.#proposedAt = this.#clock();
  }

  /** Ends the step. @param rows that the model has read @param tokens that were drawn */
  end(rows: number, tokens: number): void {
    if (!this.#isUsual || tokens === 0) return;
    const now = this.#clock();
    this.#stepMs.add(rows, now - this.#proposedAt);
    const rate = this.#rates[this.#way];
    const usual = rate.tokens === 0 ? Number.POSITIVE_INFINITY : (tokens * rate.ms) / rate.tokens;
    rate.tokens = KEPT * rate.tokens + tokens;
    rate.ms = KEPT * rate.ms + Math.min(now - this.#begunAt, LONGEST * usual);
  }
}

function speed({ tokens, ms }: Rate): number {
  return ms === 0 ? 0 : tokens / ms;
}

function classOf(probability: number): number {
  return Math.min(CLASSES - 1, Math.floor(probability * CLASSES));
}

/** Old and new, where what takes far longer than usual is the machine doing other work. */
function blend(old: number, now: number): number {
  return old === 0 ? now : KEPT * old + (1 - KEPT) * Math.min(now, LONGEST * old);
}

/** How long the model's steps take by the number of rows. */
class StepTimes {
  /** Milliseconds of steps of few rows; 0 where none was seen. */
  readonly #few = new Float64Array(MOST + 2);
  /** Sums for the straight line nearest to all steps, of which older ones count less. */
  #n = 0;
  #x = 0;
  #y = 0;
  #xx = 0;
  #xy = 0;

  add(rows: number, ms: number): void {
    const y = this.#n === 0 ? ms : Math.min(ms, (LONGEST * this.#y) / this.#n);
    this.#n = KEPT * this.#n + 1;
    this.#x = KEPT * this.#x + rows;
    this.#y = KEPT * this.#y + y;
    this.#xx = KEPT * this.#xx + rows * rows;
    this.#xy = KEPT * this.#xy + rows * y;
    if (rows < this.#few.length) this.#few[rows] = blend(this.#few[rows], ms);
  }

  /** Milliseconds that `more` rows take beside `rows`. @param isAll whether these are all rows of a step */
  more(rows: number, more: number, isAll: boolean): number {
    const [before, after] = [this.#few[rows], this.#few[rows + more]];
    if (isAll && before > 0 && after > 0) return Math.max(0, after - before);
    return more * this.#slope;
  }

  /** Milliseconds of a row more. Not below 0; 0 while all steps had as many. */
  get #slope(): number {
    const spread = this.#n * this.#xx - this.#x ** 2;
    if (spread < 1e-9 * this.#n * this.#xx) return 0;
    return Math.max(0, (this.#n * this.#xy - this.#x * this.#y) / spread);
  }
}
