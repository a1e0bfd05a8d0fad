/** Formats failure counts by code for people. */

/** Such as `IMAGE_CORRUPT 3, IMAGE_EMPTY 1`. */
export function formatCodes(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([code, count]) => `${code} ${count}`)
    .join(', ');
}
