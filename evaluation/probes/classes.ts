/** Two classes of files told apart by their likelihood alone. */

export interface ClassesResult {
  /** Files of each class, and their mean bits per symbol. */
  readonly first: { readonly files: number; readonly bitsPerSymbol: number };
  readonly second: { readonly files: number; readonly bitsPerSymbol: number };
  /**
   * Chance that a file of the second class takes more bits per symbol than one of the first: 0.5 tells
   * nothing, 1 and 0 tell the classes apart.
   */
  readonly auc: number;
}

/** @param first, second bits per symbol of the files of a class; at least one of each */
export function classesOf(first: readonly number[], second: readonly number[]): ClassesResult {
  return { first: classOf(first), second: classOf(second), auc: areaUnderCurve(first, second) };
}

function classOf(bits: readonly number[]) {
  return {
    files: bits.length,
    bitsPerSymbol: bits.reduce((sum, value) => sum + value, 0) / bits.length,
  };
}

/** Area under the ROC curve by ranks (Mann and Whitney 1947); ties count half. */
export function areaUnderCurve(negative: readonly number[], positive: readonly number[]): number {
  const all = [
    ...negative.map((value) => ({ value, isPositive: false })),
    ...positive.map((value) => ({ value, isPositive: true })),
  ].sort((a, b) => a.value - b.value);
  let ranks = 0;
  for (let from = 0; from < all.length; ) {
    let end = from;
    while (end < all.length && all[end].value === all[from].value) end++;
    const rank = (from + 1 + end) / 2;
    for (let i = from; i < end; i++) if (all[i].isPositive) ranks += rank;
    from = end;
  }
  const most = negative.length * positive.length;
  return (ranks - (positive.length * (positive.length + 1)) / 2) / most;
}
