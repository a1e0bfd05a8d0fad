/**
 * Computes the loss on the val splits of all datasets, always on the same sequences, for any number
 * of ranks.
 */

import { setImmediate } from 'node:timers/promises';
import type { ValMetrics } from '../../schemas/run.ts';
import type { Dataset } from '../../shards/index.ts';
import { lossOf } from '../model/loss.ts';
import { bitsOfLoss, toMicroBatch } from './batches.ts';
import type { Session } from './session.ts';

/**
 * Evaluates the model. Collective.
 * @param isStopping whether any rank was told to stop; gives the same answer in all ranks
 * @returns undefined when the stop came before the end
 */
export async function evaluate(
  session: Session,
  isStopping: () => Promise<boolean>,
): Promise<ValMetrics | undefined> {
  const totals = new Float64Array(3); // nats, tokens, symbols
  for (const dataset of session.data.datasets) {
    if (dataset.sequences('val') === 0) continue;
    if (!(await addDataset(session, dataset, totals, isStopping))) return undefined;
  }
  await session.communicator.allReduce(totals);
  const [nats, tokens, symbols] = totals;
  const loss = nats / tokens;
  return {
    split: 'val',
    step: session.step,
    loss,
    ...bitsOfLoss(loss, tokens, symbols, session.alphabet),
    tokens,
  };
}

/** @returns false when the stop came before the end */
async function addDataset(
  session: Session,
  dataset: Dataset,
  totals: Float64Array,
  isStopping: () => Promise<boolean>,
): Promise<boolean> {
  const { communicator, config, symbolLengths, padId } = session;
  const { model } = session.training;
  const { rank, size } = communicator;
  const { microBatch, seqLen, evalBatches, precision } = config.train;
  const loader = dataset.loader({
    ...({ split: 'val', shuffle: false, epochs: 1, microBatch, seqLen } as const),
    rank,
    worldSize: size,
    segments: config.data.docMask,
  });
  // Index of the first micro batch of a round; each rank reads one per round.
  let first = 0;
  for await (const { ids, segments } of loader) {
    if (await isStopping()) return false;
    const batch = toMicroBatch(ids, seqLen, padId, symbolLengths);
    const isWanted = evalBatches === 0 || first + rank < evalBatches;
    const { inputs, targets } = batch;
    const isCounted = isWanted && batch.tokens > 0;
    // Ranks that share the weights go through the layers together, whoever counts.
    const loss =
      isCounted || model.isCollective
        ? await lossOf(model, { inputs, targets, batch: microBatch }, { precision, segments })
        : 0;
    if (isCounted) {
      totals[0] += loss;
      totals[1] += batch.tokens;
      totals[2] += batch.symbols;
    }
    loader.recycle({ ids });
    first += size;
    if (evalBatches > 0 && first >= evalBatches) break;
    await setImmediate();
  }
  return true;
}
