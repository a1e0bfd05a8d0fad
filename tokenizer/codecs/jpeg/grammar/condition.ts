/**
 * The condition that a string of bytes puts on the DC value before it, on the next restart marker
 * and on the number of MCUs to come.
 */
import type { Condition } from '../../../mask/grammar.ts';
import { PREDICTOR_OFFSET } from './state.ts';

/** No marker was met, so the number of the next restart marker does not matter. */
export const ANY_RESTART = -1;

/** Allows DC values from low to high, except those strictly inside the gap. */
export interface DcNeed {
  low: number;
  high: number;
  gapLow: number;
  gapHigh: number;
}

export interface McuNeed {
  /**
   * Number of MCUs that must follow: exactly this many if the string reaches the end of the image,
   * otherwise at least.
   */
  readonly ended: number;
  readonly isComplete: boolean;
  /** Number of the next restart marker, 0..7, or `ANY_RESTART`. */
  readonly restart: number;
}

const DC_VALUES = 2 * PREDICTOR_OFFSET + 2;

export class DcAndRestart implements Condition {
  readonly key: number;
  readonly #dc: DcNeed;
  readonly #mcu: McuNeed;

  constructor(dc: DcNeed, mcu: McuNeed) {
    this.#dc = dc;
    this.#mcu = mcu;
    // After the end of an MCU there is no gap: a place inside a DC difference that depends on
    // the start is inside the first MCU. So both use the same digits.
    const rest =
      mcu.ended > 0 || mcu.isComplete
        ? 2 * (16 * mcu.ended + mcu.restart + 1) + (mcu.isComplete ? 1 : 0)
        : digit(dc.gapLow) * DC_VALUES + digit(dc.gapHigh);
    const hasMcu = mcu.ended > 0 || mcu.isComplete ? 1 : 0;
    this.key = ((rest * DC_VALUES + digit(dc.low)) * DC_VALUES + digit(dc.high)) * 2 + hasMcu;
  }

  holds(numbers: readonly number[]): boolean {
    const { low, high, gapLow, gapHigh } = this.#dc;
    const { ended, isComplete, restart } = this.#mcu;
    const dc = numbers[0];
    const toCome = numbers[2];
    return (
      dc >= low &&
      dc <= high &&
      (dc <= gapLow || dc >= gapHigh) &&
      (restart === ANY_RESTART || numbers[1] === restart) &&
      (isComplete ? toCome === ended : toCome >= ended)
    );
  }
}

/** Maps -1025..1024 to a number from 0 on: DC values, and one value beyond either end. */
const digit = (value: number): number => value + PREDICTOR_OFFSET + 1;
