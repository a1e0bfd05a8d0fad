/** Reads the bits of an MCU when only the range of the previous DC value is known. */
import type { DcTree } from './dc.ts';
import type { DcRange } from './range.ts';
import { SegmentCursor } from './segment.ts';
import { BLOCKS } from './state.ts';

export class RangeCursor extends SegmentCursor {
  /** Whether the predictor is relative to the unknown value; otherwise it is the value itself. */
  isUnknown = false;
  /** The unknown values for which all DC differences so far stay in range, both ends included. */
  low = 0;
  high = 0;

  loadRange(from: { isUnknown: boolean; low: number; high: number; sum: number }): void {
    this.isUnknown = from.isUnknown;
    this.low = from.low;
    this.high = from.high;
    this.predictor = from.sum;
  }

  protected override fits(dc: DcTree, range: DcRange, to: number): boolean {
    if (!this.isUnknown) return super.fits(dc, range, to);
    const isUpFine = dc.up[to] <= range.high - this.predictor - this.low;
    return isUpFine || dc.down[to] >= range.low - this.predictor - this.high;
  }

  protected override addDifference(difference: number, range: DcRange): void {
    if (this.isUnknown) {
      const sum = this.predictor + difference;
      // The value was in range before, so this difference can push it out at one end only.
      if (difference >= 0) this.high = Math.min(this.high, range.high - sum);
      else this.low = Math.max(this.low, range.low - sum);
      this.isUnknown = this.block < BLOCKS - 3;
    }
    super.addDifference(difference, range);
  }
}
