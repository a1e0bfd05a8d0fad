/** Failed inputs: one JSON line each, counted by code. */
import { type Failure, failureSchema } from '../schemas/dataset.ts';
import { CodecLmError } from '../schemas/error.ts';
import { paths, readText } from './files.ts';

export function formatFailures(failures: readonly Failure[]): string {
  return failures.map((failure) => `${JSON.stringify(failure)}\n`).join('');
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

/** `a + b`, code by code. */
export function addCodes(
  a: Readonly<Record<string, number>>,
  b: Readonly<Record<string, number>>,
): Record<string, number> {
  const sum = { ...a };
  for (const [code, count] of Object.entries(b)) sum[code] = (sum[code] ?? 0) + count;
  return sortKeys(sum);
}

/** `IMAGE_CORRUPT 3, IMAGE_EMPTY 1` */
export function formatCodes(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([code, count]) => `${code} ${count}`)
    .join(', ');
}

/** @throws CodecLmError `TOO_MANY_FAILURES` when more than the allowed share of inputs failed */
export function checkFailureShare(failed: number, inputs: number, allowed: number, out: string) {
  if (failed <= inputs * allowed) return;
  const share = ((failed / inputs) * 100).toFixed(1);
  const message = `${failed} of ${inputs} inputs failed (${share} %), more than --max-failures ${allowed * 100}%`;
  throw new CodecLmError('TOO_MANY_FAILURES', message, {
    path: out,
    hint: 'see the lines in failures/; then run with a higher --max-failures, or once more with --retry-failed',
  });
}

function sortKeys(counts: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1)));
}
