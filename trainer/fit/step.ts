/** One optimizer step: micro batches forward and backward, gradients averaged over all targets, clipped, applied. */
import { CodecLmError } from '../../base/error.ts';
import type { TrainMetrics } from '../../schemas/run.ts';
import { checkpointingOf } from '../config/derived.ts';
import { backpropagate } from '../model/loss.ts';
import { learningRate } from '../optim/schedule.ts';
import { bitsOfLoss, countTargets, type MicroBatch, toMicroBatch } from './batches.ts';
import { checkFinite } from './finite.ts';
import type { Session } from './session.ts';
import type { TrainingBatch } from './training-data.ts';

/** The results of a step that the loop knows; the other metrics are measured around it. */
export type StepResult = Omit<TrainMetrics, 'split' | 'mfu' | 'memory' | 'gpuMemory'>;

/**
 * Advances the session by one step. Collective.
 * @throws CodecLmError `NOT_FINITE`; the weights are then unchanged
 */
export async function trainStep(session: Session): Promise<StepResult> {
  const { communicator, config, training } = session;
  const started = performance.now();
  const { batches, epoch, waited, counts, symbols, release } = await nextBatches(session);
  const tokens = counts.reduce((sum, count) => sum + count, 0);
  const lossSum = await accumulate(session, batches, 1 / tokens);
  release();
  const sums = Float64Array.of(lossSum, waited);
  await communicator.allReduce(sums);
  const loss = sums[0] / tokens;
  const step = session.step + 1;
  const { checkpoint } = session;
  const lr = learningRate(session.step, { ...config.optim, steps: config.train.steps });
  const gradNorm = await training.step(lr, config.optim.clipNorm, ({ norm, ...tensors }) =>
    checkFinite({ step, loss, gradNorm: norm, ...tensors, checkpoint, communicator }),
  );
  session.step = step;
  session.tokensSeen += tokens;
  session.tokenCounts.add(counts);
  const seconds = (performance.now() - started) / 1000;
  return {
    step,
    loss,
    ...bitsOfLoss(loss, tokens, symbols, session.alphabet),
    unigramLoss: session.tokenCounts.entropy(),
    lr,
    gradNorm,
    tokens,
    tokensSeen: session.tokensSeen,
    tokensPerSecond: tokens / seconds,
    seconds,
    dataWait: sums[1] / communicator.size / 1000,
    epoch,
  };
}

interface StepBatches {
  /** Micro batches of this rank. */
  batches: MicroBatch[];
  epoch: number;
  /** Milliseconds that this rank waited for them. */
  waited: number;
  /**
   * Over all ranks: occurrences of each id among the targets, and the number of symbols that they
   * stand for.
   */
  counts: Float64Array;
  symbols: number;
  /** Call it when the gradients of the batches are there: their memory is used for others then. */
  release(): void;
}

/** Reads micro batches until the step has its number of them and at least one target. */
async function nextBatches(session: Session): Promise<StepBatches> {
  const { symbolLengths, communicator, config, padId } = session;
  const started = performance.now();
  const batches: MicroBatch[] = [];
  const read: TrainingBatch[] = [];
  let epoch = 0;
  while (batches.length < config.train.gradAccumulation) {
    const next = await session.batches.next();
    if (next.done) throw new CodecLmError('INTERNAL', 'the loader of an endless run has ended');
    const { ids, segments, seqLen, state } = next.value;
    session.dataState = state;
    read.push(next.value);
    batches.push(toMicroBatch(ids, seqLen, padId, symbolLengths, segments));
    epoch = Math.max(epoch, next.value.epoch);
  }
  const waited = performance.now() - started;
  const totals = new Float64Array(symbolLengths.length + 1);
  for (const { targets, symbols } of batches) {
    countTargets(targets, totals);
    totals[symbolLengths.length] += symbols;
  }
  await communicator.allReduce(totals);
  const counts = totals.subarray(0, -1);
  if (counts.every((count) => count === 0)) return nextBatches(session);
  const release = () => {
    for (const batch of read) batch.release();
  };
  return { batches, epoch, waited, counts, symbols: totals[symbolLengths.length], release };
}

/**
 * Adds up the gradients of all micro batches.
 * @param scale 1 / (targets of all ranks): they then add up to the gradients of the mean loss
 */
async function accumulate(
  { config, training }: Session,
  batches: MicroBatch[],
  scale: number,
): Promise<number> {
  let lossSum = 0;
  const { microBatch: batch, precision } = config.train;
  const { zLoss } = config.optim;
  const checkpointing = checkpointingOf(config);
  for (const { inputs, targets, segments } of batches) {
    const options = { precision, checkpointing, zLoss, segments };
    const tokens = { inputs, targets, batch };
    lossSum += await backpropagate(training.model, tokens, scale, options, (part, gradients) =>
      training.add(part, gradients),
    );
  }
  return lossSum;
}
