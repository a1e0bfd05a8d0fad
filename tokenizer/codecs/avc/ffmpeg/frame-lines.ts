/** Reads what ffmpeg's filter `metadata=mode=print` writes: two lines for a frame. */
import type { SurveyedFrame } from '../../codec.ts';

/** `frame:12   pts:500000  pts_time:0.5`; a frame without a time has `pts:NOPTS`. */
const FRAME = /^frame:\d+ +pts:(-?\d+|NOPTS)\b/;
const SCORE = /^lavfi\.scene_score=([\d.]+)$/;

export class FrameLines {
  readonly #onFrame: (frame: SurveyedFrame) => boolean;
  #rest = '';
  #time: number | undefined;

  /** @param onFrame returns whether to go on */
  constructor(onFrame: (frame: SurveyedFrame) => boolean) {
    this.#onFrame = onFrame;
  }

  /** @returns whether more is wanted */
  add(chunk: Buffer): boolean {
    const lines = (this.#rest + chunk.toString('latin1')).split('\n');
    this.#rest = lines.pop()!;
    return lines.every((line) => this.#line(line));
  }

  #line(line: string): boolean {
    const pts = FRAME.exec(line)?.[1];
    if (pts !== undefined) {
      // A frame without a time cannot be sought.
      this.#time = pts === 'NOPTS' ? undefined : Number(pts);
      return true;
    }
    const score = SCORE.exec(line)?.[1];
    if (score === undefined || this.#time === undefined) return true;
    const time = this.#time;
    this.#time = undefined;
    return this.#onFrame({ time, score: Number(score) });
  }
}
