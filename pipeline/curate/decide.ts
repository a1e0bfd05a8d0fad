/** Decides which inputs are left out: in the order of the plan, so whatever surveyed them. */
import type { Curation, FilterReason, Surveyed } from '../../schemas/curation.ts';
import { SeenHashes, SeenLooks } from './seen.ts';

export interface Decision {
  reason: FilterReason;
  /** The input that is kept in its place. */
  of?: number;
}

/** Is called for each input in the order of the plan; undefined keeps it. */
export type Decider = (docId: number, input: Surveyed) => Decision | undefined;

/** @param hashes contents that are there already; they grow with those that are kept */
export function decider(curation: Curation, hashes = new SeenHashes()): Decider {
  const looks = new SeenLooks(curation.nearDuplicates ?? 0);
  return (docId, input) => {
    const own = reasonOf(input, curation);
    if (own) return { reason: own };
    if (input.sha256 !== undefined) {
      const of = hashes.add(Buffer.from(input.sha256, 'hex'), docId);
      if (of !== undefined) return { reason: 'duplicate', of };
    }
    if (input.look === undefined) return undefined;
    const of = looks.add(BigInt(`0x${input.look}`), docId);
    return of === undefined ? undefined : { reason: 'near-duplicate', of };
  };
}

/** The reason that an input has whatever the others are. */
function reasonOf(input: Surveyed, curation: Curation): FilterReason | undefined {
  const { bytes, width, height } = input;
  const { minBytes = 0, minSide = 0, maxAspect = Number.POSITIVE_INFINITY } = curation;
  if (bytes < minBytes) return 'few-bytes';
  if (width === undefined || height === undefined) return undefined;
  const [short, long] = [Math.min(width, height), Math.max(width, height)];
  if (short < minSide) return 'small-side';
  return long > maxAspect * short ? 'long-side' : undefined;
}
