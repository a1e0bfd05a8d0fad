/** Failed inputs: one JSON line each, and counts by code. */

import { CodecLmError } from '../../base/error.ts';
import { errorKind, isUnread } from '../../base/error-codes.ts';
import type { Filtered } from '../../schemas/curation.ts';
import { type Failure, failureSchema } from '../../schemas/dataset.ts';
import { paths, readText } from '../files.ts';

/** A line of JSON for each. */
export function formatLines(items: readonly (Failure | Filtered)[]): string {
  return items.map((item) => `${JSON.stringify(item)}\n`).join('');
}

/** @throws CodecLmError `DATASET_INVALID` when the file was changed by hand */
export async function readFailures(out: string, name: string): Promise<Failure[]> {
  const path = paths.failures(out, name);
  const text = (await readText(path)) ?? '';
  try {
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => failureSchema.parse(JSON.parse(line)));
  } catch (error) {
    throw new CodecLmError('DATASET_INVALID', `${path} is damaged or was changed by hand`, {
      cause: error,
      path,
    });
  }
}

export function countCodes(failures: readonly Failure[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { code } of failures) counts[code] = (counts[code] ?? 0) + 1;
  return sortKeys(counts);
}

/** Counts by the reason for which inputs were left out. */
export function countReasons(filtered: readonly Filtered[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { reason } of filtered) counts[reason] = (counts[reason] ?? 0) + 1;
  return sortKeys(counts);
}

/** Adds two counts, code by code. */
export function addCodes(
  a: Readonly<Record<string, number>>,
  b: Readonly<Record<string, number>>,
): Record<string, number> {
  const sum = { ...a };
  for (const [code, count] of Object.entries(b)) sum[code] = (sum[code] ?? 0) + count;
  return sortKeys(sum);
}

/**
 * @param byCode number of failed inputs, by code
 * @throws CodecLmError `TOO_MANY_FAILURES` when more than the allowed share of inputs failed
 */
export function checkFailureShare(
  byCode: Readonly<Record<string, number>>,
  inputs: number,
  allowed: number,
  out: string,
): void {
  const failed = Object.values(byCode).reduce((sum, count) => sum + count, 0);
  if (failed <= inputs * allowed) return;
  const share = ((failed / inputs) * 100).toFixed(1);
  const message = `${failed} of ${inputs} inputs failed (${share} %), more than \`maxFailures\` ${allowed * 100}%`;
  throw new CodecLmError('TOO_MANY_FAILURES', message, {
    path: out,
    hint: `${adviceFor(byCode)}; failures/ has a line for each; to do without them, allow more as \`maxFailures\``,
  });
}

/** Advice for the most frequent kind of failure. */
function adviceFor(byCode: Readonly<Record<string, number>>): string {
  const [[code]] = Object.entries(byCode).sort(([, a], [, b]) => b - a);
  if (isUnread(code)) {
    return 'the plan is frozen, and files of it are gone or cannot be read: put them back where they were, or mount their disk, then run the same command once more with `retryFailed`; a changed corpus is planned anew in another `out`';
  }
  return `most are ${code}: ${remedyOf(code)}; other settings need another \`out\``;
}

/** The remedy of a code, for the middle of a sentence. */
export function remedyOf(code: string): string {
  const remedy = errorKind(code)?.remedy ?? 'see what is said of each';
  return `${remedy[0].toLowerCase()}${remedy.slice(1).replace(/\.$/, '')}`;
}

/**
 * With good and bad inputs shuffled, this many failures in a row are not the inputs' own fault.
 */
const UNREADABLE_IN_A_ROW = 200;

type VanishedBatch = {
  documents: readonly unknown[];
  failures: readonly Failure[];
  filtered: readonly Filtered[];
};

/**
 * Notices that a part of the corpus is gone (for example a network disk in a source), which would
 * make every input of it a failure.
 */
export class VanishedCorpus {
  #inARow = 0;

  /** @throws CodecLmError `INPUT_NOT_FOUND` when no input could be read for a long time */
  check({ documents, failures, filtered }: VanishedBatch) {
    // Those that are left out say nothing: they are not read.
    if (documents.length + failures.length === 0 && filtered.length > 0) return;
    const unreadable = failures.filter(({ code }) => isUnread(code));
    const isAny = documents.length > 0 || unreadable.length < failures.length;
    this.#inARow = isAny ? 0 : this.#inARow + unreadable.length;
    if (this.#inARow < UNREADABLE_IN_A_ROW) return;
    const { message, source } = unreadable[0];
    throw new CodecLmError(
      'INPUT_NOT_FOUND',
      `${this.#inARow} inputs in a row could not be read, the last: ${message}`,
      {
        path: source,
        hint: 'if a disk is away, bring it back and run the same command again; finished partitions are kept',
      },
    );
  }
}

function sortKeys(counts: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1)));
}
