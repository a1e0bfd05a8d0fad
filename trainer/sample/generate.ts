/** Draws planned samples, several at once, and passes each one on as soon as it ends. */

import type { SampleSettings } from '../../schemas/sample.ts';
import type { Symbols } from '../../tokenizer/index.ts';
import type { Generation } from './batch/job.ts';
import { Batcher } from './batcher.ts';
import {
  type ConstraintFactory,
  freeConstraint,
  grammarConstraints,
  healed,
} from './constraint.ts';
import type { Drafter } from './draft/drafter.ts';
import type { Engine } from './engine/engine.ts';
import type { CheckpointParts } from './load.ts';
import { givenIds, type PlannedSample } from './plan.ts';
import { undrawableIds } from './undrawable.ts';

/** A sample that has ended, before a file is made of it. */
export interface DrawnSample {
  plan: PlannedSample;
  generation: Generation;
  /** The document so far, including the prompt. */
  document: Symbols;
}

/** The samples to draw, and the rules for drawing. */
export interface Drawing {
  plans: readonly PlannedSample[];
  settings: SampleSettings;
  constraints?: ConstraintFactory;
  /** Called for each drawn token except `<eos>`. */
  onToken?(plan: PlannedSample, id: number): void;
  /** Called once for each sample, even if the signal or an error ended it. */
  onLeft?(plan: PlannedSample): void;
  /** Proposes tokens, which changes no sample. */
  drafter?: Drafter;
  /** Ends all samples that have not ended, without an error. */
  signal?: AbortSignal;
}

/**
 * @returns the constraints that `drawAll` needs; nothing is drawn yet
 * @throws CodecLmError `CONFIG_INVALID` when a sample cannot be finished within its tokens
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
 * @param onDrawn processes a finished sample; the others continue meanwhile
 * @throws the first error, of a generation or of `onDrawn`
 */
export async function drawAll(
  engine: Engine,
  { tokenizer }: CheckpointParts,
  drawing: Drawing,
  onDrawn: (sample: DrawnSample) => Promise<void>,
): Promise<void> {
  const { plans, settings, constraints, onToken, onLeft, drafter, signal } = drawing;
  const batcher = new Batcher(engine, drafter);
  const bannedIds = undrawableIds(tokenizer, engine.vocabSize);
  const draw = async (plan: PlannedSample): Promise<void> => {
    const given = givenIds(plan);
    const grammar = constraints?.(given, plan.maxTokens);
    const rest = plan.prompt?.rest;
    const { done } = batcher.submit({
      ...settings,
      prompt: plan.prompt?.ids ?? [tokenizer.bosId],
      maxTokens: plan.maxTokens,
      stream: plan.index,
      eosId: tokenizer.eosId,
      bannedIds,
      constraint: rest
        ? healed(rest, tokenizer, grammar ?? freeConstraint(bannedIds, engine.vocabSize))
        : grammar,
      onToken({ id }) {
        onToken?.(plan, id);
        return false;
      },
    });
    const generation = await done.finally(() => onLeft?.(plan));
    // Without a grammar a model may write what stands for no symbol where it stands.
    const document = tokenizer.decode([...given, ...generation.ids], { specials: 'skip' });
    await onDrawn({ plan, generation, document });
  };
  await drive(batcher, plans.map(draw), signal);
}

/** Runs steps until all generations have ended. @throws their first error */
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
    // Let writers and signals run between two steps.
    await new Promise((resolve) => setImmediate(resolve));
  }
  batcher.abort(stopped);
  await all;
  const failure = failures.find((error) => error !== stopped);
  if (failure !== undefined) throw failure;
}
