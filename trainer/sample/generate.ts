/** Draws planned samples, several at once, and hands each on as soon as it ends. */

import type { SampleSettings } from '../../schemas/sample.ts';
import type { Symbols } from '../../tokenizer/index.ts';
import { Batcher, type Generation } from './batcher.ts';
import { type ConstraintFactory, grammarConstraints } from './constraint.ts';
import type { Engine } from './engine/engine.ts';
import type { CheckpointParts } from './load.ts';
import { givenIds, type PlannedSample } from './plan.ts';

/** A sample that has ended, before anything is made of it. */
export interface DrawnSample {
  plan: PlannedSample;
  generation: Generation;
  /** The document as far as it goes, the prompt counted. */
  document: Symbols;
}

/** What is to be drawn, by which rules. */
export interface Drawing {
  plans: readonly PlannedSample[];
  settings: SampleSettings;
  constraints?: ConstraintFactory;
  /** Sees each drawn token but `<eos>`. */
  onToken?(plan: PlannedSample, id: number): void;
  /** Called once for each sample, also where it was ended by the signal or by an error. */
  onLeft?(plan: PlannedSample): void;
  /** Ends what has not ended, without an error. */
  signal?: AbortSignal;
}

/**
 * @returns what `drawAll` needs, nothing drawn yet
 * @throws CodecLmError `CONFIG_INVALID` for what cannot be finished within its tokens
 */
export function constraintsOf(
  { codec, tokenizer }: CheckpointParts,
  plans: readonly PlannedSample[],
  { grammar }: Pick<SampleSettings, 'grammar'>,
): ConstraintFactory | undefined {
  if (!grammar) return undefined;
  const constraints = grammarConstraints(codec, tokenizer);
  for (const plan of plans) constraints(givenIds(plan), plan.maxTokens);
  return constraints;
}

/**
 * @param onDrawn what is made of a sample; the others go on being drawn meanwhile
 * @throws the first error, of a generation or of `onDrawn`
 */
export async function drawAll(
  engine: Engine,
  { tokenizer }: CheckpointParts,
  drawing: Drawing,
  onDrawn: (sample: DrawnSample) => Promise<void>,
): Promise<void> {
  const { plans, settings, constraints, onToken, onLeft, signal } = drawing;
  const batcher = new Batcher(engine);
  const draw = async (plan: PlannedSample): Promise<void> => {
    const given = givenIds(plan);
    const { done } = batcher.submit({
      ...settings,
      prompt: plan.prompt?.ids ?? [tokenizer.bosId],
      maxTokens: plan.maxTokens,
      stream: plan.index,
      eosId: tokenizer.eosId,
      bannedIds: [tokenizer.bosId, tokenizer.padId],
      constraint: constraints?.(given, plan.maxTokens),
      onToken({ id }) {
        onToken?.(plan, id);
        return false;
      },
    });
    const generation = await done.finally(() => onLeft?.(plan));
    const document = tokenizer.decode([...given, ...generation.ids]);
    await onDrawn({ plan, generation, document });
  };
  await drive(batcher, plans.map(draw), signal);
}

/** Steps until all have ended. @throws the first error of them */
async function drive(
  batcher: Batcher,
  samples: Promise<void>[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const stopped = new Error('stopped');
  const failures: unknown[] = [];
  const all = Promise.all(
    samples.map((sample) => sample.catch((error: unknown) => failures.push(error))),
  );
  while (!signal?.aborted && failures.length === 0 && (await batcher.step())) {
    // Writers and signals have their turn between two steps.
    await new Promise((resolve) => setImmediate(resolve));
  }
  batcher.abort(stopped);
  await all;
  const failure = failures.find((error) => error !== stopped);
  if (failure !== undefined) throw failure;
}
