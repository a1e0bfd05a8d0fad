/** Two rows that name the same file: one is taken when both say the same, otherwise neither is right. */
import { baseOf, type Input, labelOf, parseInput } from '../sources/source.ts';
import { listError } from './types.ts';

/**
 * @param kept line of the plan's lists that is taken, without its number
 * @param dropped the other one, of the same file
 * @throws CodecLmError `LIST_INVALID` when their columns differ
 */
export function checkDuplicate(kept: string, dropped: string, sources: readonly string[]): void {
  const [a, b] = [kept, dropped].map(parseInput);
  if (JSON.stringify(a.values) === JSON.stringify(b.values)) return;
  const [first, second] = (a.row ?? 0) <= (b.row ?? 0) ? [a, b] : [b, a];
  const file = labelOf(sources.map(baseOf), second);
  throw listError(
    { file: listOf(second, sources), row: second.row },
    `${file} is named a second time, with other values than in ${placeOf(first, sources)}`,
    'keep one row for each file: join captions in one text, or in one JSON value',
  );
}

function listOf({ source }: Input, sources: readonly string[]): string {
  return sources[source].replace(/^@/, '');
}

function placeOf(input: Input, sources: readonly string[]): string {
  return input.row === undefined ? listOf(input, sources) : `row ${input.row}`;
}
