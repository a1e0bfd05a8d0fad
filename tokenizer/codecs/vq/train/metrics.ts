/** TO/training/metrics.jsonl: what was measured, a line a time. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile } from '../../../../base/atomic-file.ts';
import { CodecLmError } from '../../../../base/error.ts';
import { readError } from '../../../../base/file-error.ts';

const METRICS_FILE = 'metrics.jsonl';

export type VqMetrics = Readonly<Record<string, number>> & { readonly step: number };

/** @throws CodecLmError `CHECKPOINT_INVALID` for a file that is not one */
export async function readMetrics(dir: string): Promise<VqMetrics[]> {
  const path = join(dir, METRICS_FILE);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const cause = readError(error, path);
    if (cause.code === 'INPUT_NOT_FOUND') return [];
    throw cause;
  }
  try {
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line));
  } catch (cause) {
    throw new CodecLmError('CHECKPOINT_INVALID', `${path} is not lines of JSON`, { cause, path });
  }
}

export async function writeMetrics(dir: string, metrics: readonly VqMetrics[]): Promise<void> {
  const lines = metrics.map((line) => `${JSON.stringify(line)}\n`);
  await replaceFile(join(dir, METRICS_FILE), lines.join(''));
}
