/** The loss on the val split: the same sequences in the same order every time. */
import { setImmediate } from 'node:timers/promises';
import type { ValMetrics } from '../schemas/run.ts';
import { bitsPerByte, toMicroBatch } from './batches.ts';
import { lossSum } from './model/loss.ts';
import type { Session } from './session.ts';

/** @returns nothing when the signal came before the end */
export async function evaluate(
  session: Session,
  signal?: AbortSignal,
): Promise<ValMetrics | undefined> {
  const { config, dataset, byteLengths, padId } = session;
  const { microBatch, seqLen, evalBatches } = config.train;
  const loader = dataset.loader({ split: 'val', shuffle: false, epochs: 1, microBatch, seqLen });
  let sum = 0;
  let tokens = 0;
  let bytes = 0;
  let read = 0;
  for await (const { ids } of loader) {
    if (signal?.aborted) return undefined;
    const batch = toMicroBatch(ids, seqLen, padId, byteLengths);
    if (batch.tokens > 0) {
      sum += lossSum(session.model, batch.inputs, batch.targets, microBatch).lossSum;
      tokens += batch.tokens;
      bytes += batch.bytes;
    }
    if (++read === evalBatches) break;
    await setImmediate();
  }
  const loss = sum / tokens;
  return {
    split: 'val',
    step: session.step,
    loss,
    bitsPerByte: bitsPerByte(loss, tokens, bytes),
    tokens,
  };
}
