/**
 * Where the clips of a video begin, when cuts count. A scene goes from a cut to the next one. In it are
 * places for clips: at its beginning, and every stride after that, as long as the clip ends in the
 * scene. Places are taken in order, each at least a stride behind the one before.
 *
 * All times are microseconds. Frames are told one by one, so that a survey may end as soon as all
 * places are known.
 */
import type { ClipsConfig } from '../../schemas/clips.ts';
import type { SurveyedFrame } from '../../tokenizer/index.ts';

/** Times are rounded to microseconds: a scene that is as long as a clip may seem shorter by two. */
const ROUNDING = 2;

export class ClipPlaces {
  readonly starts: number[] = [];
  readonly #config: ClipsConfig;
  readonly #length: number;
  /** The place that is looked at: taken once the scene is known to last long enough. */
  #next = 0;
  #last: number | undefined;
  /** Time between the last two frames: the last one is taken to last as long. */
  #gap = 0;

  /** @param length of a clip */
  constructor(config: ClipsConfig, length: number) {
    this.#config = config;
    this.#length = length;
  }

  get isFull(): boolean {
    return this.starts.length >= this.#config.perVideo;
  }

  /** @returns whether more frames are needed */
  add({ time, score }: SurveyedFrame): boolean {
    if (this.#last === undefined) {
      this.#next = Math.max(0, time);
    } else {
      // A frame that goes back in time ends no scene, and begins none.
      if (time <= this.#last) return true;
      this.#take(time);
      this.#gap = time - this.#last;
      if (score >= this.#config.cuts!) this.#next = this.#firstFrom(time);
    }
    this.#last = time;
    return !this.isFull;
  }

  /** @param mayBeShort whether the last clip may end with the video */
  end(mayBeShort: boolean): void {
    if (this.#last === undefined) return;
    this.#take(this.#last + this.#gap);
    while (mayBeShort && !this.isFull && this.#next <= this.#last) this.#takeNext();
  }

  /** Takes the places of this scene, which lasts until `time` at least. */
  #take(time: number): void {
    while (!this.isFull && this.#next + this.#length <= time + ROUNDING) this.#takeNext();
  }

  #takeNext(): void {
    this.starts.push(this.#next);
    this.#next += this.#config.stride;
  }

  /** The first place of a scene. */
  #firstFrom(cut: number): number {
    const { stride } = this.#config;
    const before = this.starts.at(-1);
    if (before === undefined) return cut;
    const steps = Math.max(0, Math.ceil((before + stride - cut - ROUNDING) / stride));
    return cut + steps * stride;
  }
}
