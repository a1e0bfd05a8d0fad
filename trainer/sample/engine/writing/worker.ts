/** A thread that writes weights, a tensor at a time, until it is ended. */
import { parentPort, workerData } from 'node:worker_threads';
import { CodecLmError } from '../../../../base/error.ts';
import { WeightWriter } from '../weight-writer.ts';
import type { WriteAnswer, WriteJob, WriterData } from './threads.ts';

const { config, layout, memories } = workerData as WriterData;
const writer = new WeightWriter(config, layout, memories);

parentPort!.on('message', ({ name, row, values }: WriteJob) => {
  parentPort!.postMessage(answerTo(() => writer.write(name, row, values)));
});

function answerTo(work: () => void): WriteAnswer {
  try {
    work();
    return {};
  } catch (error) {
    if (!(error instanceof CodecLmError)) throw error;
    const { code, message, path, hint } = error;
    return { error: { code, message, details: { path, hint } } };
  }
}
