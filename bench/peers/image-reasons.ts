/** Why a file's pixels are not Pillow's, as far as that is known: for bench/peers/compare-images.ts. */
import type { Difference } from './compare-images.ts';

interface Rule {
  reason: string;
  fits(difference: Difference): boolean;
}

const RULES: readonly Rule[] = [];

const UNKNOWN = 'REASON NOT KNOWN';

export const reasonFor = Object.assign(
  (difference: Difference): string => RULES.find(({ fits }) => fits(difference))?.reason ?? UNKNOWN,
  { unknown: UNKNOWN },
);
