/** One optimizer step: micro batches forward and backward, gradients averaged, clipped, applied. */
import type { Tensor } from '@tensorflow/tfjs';
import { CodecLmError } from '../schemas/error.ts';
import type { TrainMetrics } from '../schemas/run.ts';
import { bitsPerByte, type MicroBatch, toMicroBatch } from './batches.ts';
import { checkFinite } from './finite.ts';
import { addGradients, lossAndGradients } from './model/loss.ts';
import { clipGradients } from './optim/clip.ts';
import { learningRate } from './optim/schedule.ts';
import type { Session } from './session.ts';

/**
 * Advances the session by one step.
 * @throws CodecLmError `NOT_FINITE`; the weights are then as they were before the step
 */
export async function trainStep(session: Session): Promise<TrainMetrics> {
  const { backend, config, model, optimizer } = session;
  const started = performance.now();
  const { batches, epoch, waited } = await nextBatches(session);
  const tokens = sum(batches, (batch) => batch.tokens);
  const bytes = sum(batches, (batch) => batch.bytes);
  const { loss, gradients } = accumulate(session, batches, tokens);
  const gradNorm = await clipGradients(backend, gradients, config.optim.clipNorm);
  const step = session.step + 1;
  const { parameters } = model;
  const { checkpoint } = session;
  await checkFinite({ step, loss, gradNorm, parameters, gradients, checkpoint });
  const lr = learningRate(session.step, { ...config.optim, steps: config.train.steps });
  optimizer.apply(gradients, lr);
  backend.tf.dispose([...gradients.values()]);
  session.step = step;
  session.tokensSeen += tokens;
  for (const { targets } of batches) session.tokenCounts.add(targets);
  const seconds = (performance.now() - started) / 1000;
  return {
    split: 'train',
    step,
    loss,
    bitsPerByte: bitsPerByte(loss, tokens, bytes),
    unigramLoss: session.tokenCounts.entropy(),
    lr,
    gradNorm,
    tokens,
    tokensSeen: session.tokensSeen,
    tokensPerSecond: tokens / seconds,
    seconds,
    dataWait: waited / 1000,
    epoch,
    memory: process.memoryUsage.rss(),
  };
}

/** Micro batches until the step has its share of them, and tokens to learn from. */
async function nextBatches(session: Session) {
  const { byteLengths, config, padId } = session;
  const started = performance.now();
  const batches: MicroBatch[] = [];
  let { epoch } = session.loaderState;
  while (batches.length < config.train.gradAccumulation) {
    const next = await session.batches.next();
    if (next.done) throw new CodecLmError('INTERNAL', 'the loader of an endless run has ended');
    const { ids, seqLen, position } = next.value;
    session.loaderState = { epoch: next.value.epoch, position, seed: config.data.seed };
    batches.push(toMicroBatch(ids, seqLen, padId, byteLengths));
    epoch = Math.max(epoch, next.value.epoch);
  }
  if (batches.every((batch) => batch.tokens === 0)) return nextBatches(session);
  return { batches, epoch, waited: performance.now() - started };
}

/** Sums over micro batches, divided once: the mean over tokens, however they are spread. */
function accumulate(
  { backend, config, model }: Session,
  batches: MicroBatch[],
  tokens: number,
): { loss: number; gradients: Map<string, Tensor> } {
  const { tf } = backend;
  let lossSum = 0;
  let total: Map<string, Tensor> | undefined;
  for (const { inputs, targets } of batches) {
    const more = lossAndGradients(model, inputs, targets, config.train.microBatch);
    lossSum += more.lossSum;
    total = addGradients(model, total, more.gradients);
  }
  const gradients = new Map<string, Tensor>();
  for (const [name, gradient] of total!) {
    gradients.set(name, tf.mul(gradient, 1 / tokens));
    gradient.dispose();
  }
  return { loss: lossSum / tokens, gradients };
}

function sum<Item>(items: Item[], of: (item: Item) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
