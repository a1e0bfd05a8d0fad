/** Several documents of one file: what a codec of videos can do beside encoding its beginning. */
import type { CodecLmError } from '../../base/error.ts';
import type { Symbols } from '../alphabet.ts';
import type { Document, FileSpan } from './document.ts';

/** A decoded frame, as a survey meets it. */
export interface SurveyedFrame {
  /** Microseconds from the beginning of the video. */
  readonly time: number;
  /** How much it differs from the frame before, 0 to 1. */
  readonly score: number;
}

export interface SurveyOptions {
  /** Called for each frame, in the order of time; false ends the survey. */
  onFrame(frame: SurveyedFrame): boolean;
  /** The survey may take so many times what one document may take. */
  patience: number;
}

export interface ClipEncoder<S extends Symbols = Symbols> {
  /** Length of a document in microseconds, if it is not short. */
  readonly length: number;
  /** Whether a document at the end of a video may have fewer frames. */
  readonly mayBeShort: boolean;

  /**
   * Encodes the document whose first frame is the first one at `start` or later. A document from 0 is
   * that of `encodeFile`.
   * @param start microseconds from the beginning of the video
   * @throws CodecLmError `CLIP_TOO_SHORT` where the video ends too early; else as `encodeFile` does
   */
  encode(file: FileSpan, label: string, start: number): Promise<Document<S>>;

  /**
   * Decodes a video for the times of its frames and their differences.
   * @returns the damage that it met, if that makes the end of the list doubtful
   * @throws CodecLmError when nothing can be said of the video: it took too long, is no video …
   */
  survey(file: FileSpan, label: string, options: SurveyOptions): Promise<CodecLmError | undefined>;
}
