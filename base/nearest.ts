/** The known name that a mistyped one is closest to. */
import leven from 'leven';

/**
 * By Levenshtein distance, ignoring case.
 * @returns undefined only when there are no candidates; of equals the first
 */
export function nearestTo(
  word: string,
  candidates: readonly string[],
): { candidate: string; distance: number } | undefined {
  let best: { candidate: string; distance: number } | undefined;
  for (const candidate of candidates) {
    const distance = leven(word.toLowerCase(), candidate.toLowerCase());
    if (best === undefined || distance < best.distance) best = { candidate, distance };
  }
  return best;
}
