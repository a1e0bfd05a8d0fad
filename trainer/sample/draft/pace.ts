/**
 * How many tokens are proposed. A proposal pays while the tokens that it is likely to gain are more than
 * what would be drawn without it in the time that it takes. Times, and how often the draft is right, are
 * measured while drawing; whatever they are, the same tokens are drawn.
 */

/** Most tokens proposed at once, where nobody says how many. */
const MOST = 8;
/** Steps at the beginning: without proposals, then with 1, 2, … of them. */
const FIRST_PLAIN = 6;
const FIRST_DRAFTED = 16;
/** Then the other way, with or without proposals, is tried again for two steps of so many. */
const TRIED_EVERY = 40;
const TRIED = 2;
/** Share of what was measured that is kept at each further step. */
const KEPT = 0.95;
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
  readonly #rows = new Slope();
  /** Milliseconds of a draft's step, for each sequence. */
  #draftMs = 0;
  #step = 0;
  #way: 'plain' | 'drafted' = 'plain';
  /** Proposals of this step without regard to what pays. */
  #forced: number | undefined;
  #isUsual = true;
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
   * @param isPrompting whether it reads prompts too: then its time says nothing
   * @returns most proposals for each sequence
   */
  begin(isPrompting: boolean): number {
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

  /** @param hope probability that this proposal and all before it are drawn */
  pays(hope: number): boolean {
    if (this.#fixed !== undefined || this.#forced !== undefined) return true;
    const { plain, drafted } = this.#rates;
    const rate = Math.max(speed(plain), speed(drafted));
    return hope > rate * (this.#rows.slope + this.#draftMs);
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
    const each = ms / sequences;
    this.#draftMs = this.#draftMs === 0 ? each : KEPT * this.#draftMs + (1 - KEPT) * each;
  }

  /** All has been proposed: from now on the model computes. */
  proposed(): void {
    this.#proposedAt = this.#clock();
  }

  /** Ends the step. @param rows that the model has read @param tokens that were drawn */
  end(rows: number, tokens: number): void {
    if (!this.#isUsual || tokens === 0) return;
    const now = this.#clock();
    this.#rows.add(rows, now - this.#proposedAt);
    const rate = this.#rates[this.#way];
    rate.tokens = KEPT * rate.tokens + tokens;
    rate.ms = KEPT * rate.ms + now - this.#begunAt;
  }
}

function speed({ tokens, ms }: Rate): number {
  return ms === 0 ? 0 : tokens / ms;
}

function classOf(probability: number): number {
  return Math.min(CLASSES - 1, Math.floor(probability * CLASSES));
}

/** The slope of the straight line nearest to points, of which older ones count less. */
class Slope {
  #n = 0;
  #x = 0;
  #y = 0;
  #xx = 0;
  #xy = 0;

  add(x: number, y: number): void {
    this.#n = KEPT * this.#n + 1;
    this.#x = KEPT * this.#x + x;
    this.#y = KEPT * this.#y + y;
    this.#xx = KEPT * this.#xx + x * x;
    this.#xy = KEPT * this.#xy + x * y;
  }

  /** Not below 0; 0 while all points have the same x. */
  get slope(): number {
    const spread = this.#n * this.#xx - this.#x ** 2;
    if (spread < 1e-9 * this.#n * this.#xx) return 0;
    return Math.max(0, (this.#n * this.#xy - this.#x * this.#y) / spread);
  }
}
