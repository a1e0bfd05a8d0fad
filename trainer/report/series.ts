/** metrics.jsonl as series of points. */
import { readFile } from 'node:fs/promises';
import { CodecLmError } from '../../base/error.ts';
import { readError } from '../../base/file-error.ts';
import { isRemote, joinPlace, storageAt } from '../../base/storage/index.ts';
import {
  type Metrics,
  metricsSchema,
  type TrainMetrics,
  type ValMetrics,
} from '../../schemas/run.ts';
import { placeAt } from '../../shards/index.ts';

export interface Series {
  train: TrainMetrics[];
  val: ValMetrics[];
}

/**
 * @param run a run directory of `trainer fit`, on a disk or at `s3://…`
 * @throws CodecLmError `INPUT_NOT_FOUND` without metrics, `CHECKPOINT_INVALID` for an invalid line
 */
export async function readSeries(run: string): Promise<Series> {
  const path = joinPlace(run, 'metrics.jsonl');
  let text: string;
  try {
    text = isRemote(path) ? String(await storageAt(path).read(path)) : await readFile(path, 'utf8');
  } catch (error) {
    const reason = readError(error, path, 'reading the metrics');
    if (reason.code === 'INPUT_NOT_FOUND') throw await notARun(run, reason);
    throw reason;
  }
  return splitSeries(parseMetrics(text, path));
}

async function notARun(run: string, cause: CodecLmError): Promise<CodecLmError> {
  const { kind, what } = await placeAt(run);
  const is = what === '' || kind === 'run' ? '' : `${run} is ${what}, not a run of the trainer: `;
  return new CodecLmError('INPUT_NOT_FOUND', `${is}${cause.message}`, {
    cause,
    path: run,
    hint:
      kind === 'run'
        ? 'it has not finished a step yet'
        : 'name the run directory, the `out` of `trainer fit`',
  });
}

/**
 * Parses metrics. A last line without a line end was being written when the run was killed; it is
 * ignored.
 */
function parseMetrics(text: string, path: string): Metrics[] {
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  return whole
    .split('\n')
    .filter((line) => line !== '')
    .map((line, i) => {
      try {
        return metricsSchema.parse(JSON.parse(line));
      } catch (error) {
        throw new CodecLmError(
          'CHECKPOINT_INVALID',
          `${path}, line ${i + 1}: not a line of metrics`,
          {
            cause: error,
            path,
          },
        );
      }
    });
}

function splitSeries(metrics: Metrics[]): Series {
  return {
    train: metrics.filter((row) => row.split === 'train'),
    val: metrics.filter((row) => row.split === 'val'),
  };
}
