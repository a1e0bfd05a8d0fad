/** Settings of a codec that are learned on a sample of the inputs, once, and kept in plan.json. */
import { CodecLmError } from '../../base/error.ts';
import type { Lock } from '../../base/lock/lock.ts';
import { storageAt } from '../../base/storage/index.ts';
import type { Plan } from '../../schemas/plan.ts';
import type { Codec, Document, Learning } from '../../tokenizer/index.ts';
import type { PipelineEvent } from '../events.ts';
import { paths, writeJson } from '../files.ts';
import type { PlannedInput } from '../plan/plan.ts';
import { baseOf } from '../sources/source.ts';
import { createInputEncoder, noCounts } from './inputs.ts';
import { BATCH } from './lanes.ts';
import { drawSample, nothingToLearnFrom } from './sample.ts';
import { drain, inOrder, streamOf } from './stream.ts';

export interface LearnRequest {
  out: string;
  /** Still without the settings that are to be learned. */
  codec: Codec;
  /** Batches in flight. */
  lanes: number;
  lock: Pick<Lock, 'check'>;
  emit: (event: PipelineEvent) => void;
  signal: AbortSignal;
}

/**
 * Learns what the codec lacks on inputs drawn evenly over the plan. Held-out
 * documents are among them: which ones those are, their symbols decide.
 * @returns the plan that holds it
 * @throws CodecLmError `TOO_MANY_FAILURES` when not one input of the sample can be decoded;
 *   `CONFIG_INVALID` for a sample that there is nothing to learn from
 */
export async function learnMissing(
  learning: Learning,
  plan: Plan,
  { out, codec, lanes, lock, emit, signal }: LearnRequest,
): Promise<Plan> {
  const { sources, seed } = plan.config;
  const count = Math.min(learning.samples, plan.inputs);
  const encoder = await learning.encoder();
  const inputs = createInputEncoder(encoder, sources.map(baseOf), codec.definition);
  const learner = learning.learner(seed);
  const { what } = learning;
  let [done, used] = [0, 0];
  let firstFailure: CodecLmError | undefined;
  const samples = streamOf(drawSample(out, plan, count, signal)).through(
    inOrder(lanes * BATCH, (planned: PlannedInput) => inputs.encode(planned, noCounts())),
  );
  await drain(samples, (document: Document | CodecLmError) => {
    emit({ type: 'sampling', done: ++done, total: count, what });
    if (document instanceof CodecLmError) {
      firstFailure ??= document;
      return;
    }
    learner.add(document);
    used++;
  });
  if (used === 0) throw nothingToLearnFrom(what, done, firstFailure);
  emit({ type: 'learning-settings', documents: used, what });
  const learned = await learner.finish().catch(async (error) => {
    // With other options it may be learned: they find the folder as they would have before.
    await lock.check();
    await storageAt(out).remove(paths.plan(out));
    throw error;
  });
  signal.throwIfAborted();
  await lock.check();
  const whole = { ...plan, learned };
  await writeJson(paths.plan(out), whole);
  emit({ type: 'settings', what, documents: used });
  return whole;
}
