/** `sample`: draws documents from a model and yields each one when it ends. */

import { resolveOptions } from '../../base/options.ts';
import {
  type SampleSettings,
  type SampleSettingsInput,
  sampleSchema,
} from '../../schemas/sample.ts';
import type { PromptCut } from '../../tokenizer/index.ts';
import type { Communicator } from '../distributed/communicator.ts';
import { tasksOfRank } from '../distributed/share.ts';
import { single } from '../distributed/single.ts';
import type { PastTrainedLength, SampleProgress } from '../events.ts';
import { finishSample, type Sample } from './finished.ts';
import { constraintsOf, drawAll } from './generate.ts';
import { Meter } from './meter.ts';
import type { Model } from './model.ts';
import { longest, type PlannedSample, planSamples } from './plan.ts';
import { type Prompt, promptOf, readPrompts } from './prompt.ts';

/** Sources of prompts: paths of files or folders, or contents of files. */
export type PromptSource = string | Uint8Array | readonly (string | Uint8Array)[];

export interface SampleOptions extends SampleSettingsInput {
  /** Prompts; `num` samples continue each of them. */
  prompt?: PromptSource;
  /**
   * Place to cut the prompts; the part before it is given. The default depends on the codec: half
   * of an image.
   */
  cut?: PromptCut;
  /**
   * Ranks that share the samples, each of which calls this function with the same options and gets
   * its own part; default this process alone.
   */
  communicator?: Pick<Communicator, 'rank' | 'size'>;
  onEvent?: (event: SampleProgress | PastTrainedLength) => void;
  /** Stops the sampling: samples that have not ended are not yielded, and nothing is thrown. */
  signal?: AbortSignal;
}

/** The samples that a call of `sample` will draw. */
export interface SamplePlan {
  settings: SampleSettings;
  cut?: PromptCut;
  prompts?: Prompt[];
  plans: PlannedSample[];
}

/**
 * @param name name of the function, for messages
 * @throws CodecLmError `CONFIG_INVALID`, `INPUT_NOT_FOUND`, `INPUT_EMPTY`, `USAGE`, or an input's code
 */
export async function planOf(
  { codec, tokenizer }: Model,
  {
    prompt,
    cut = codec.defaultCut,
    ...given
  }: SampleSettingsInput & Pick<SampleOptions, 'prompt' | 'cut'>,
  name: string,
): Promise<SamplePlan> {
  const settings = resolveOptions(sampleSchema, given, name);
  const prompts: Prompt[] = [];
  for (const source of listOf(prompt)) {
    if (typeof source === 'string') {
      prompts.push(...(await readPrompts(source, cut, codec, tokenizer, settings.tokenHealing)));
    } else {
      const label = `prompt ${prompts.length}`;
      prompts.push(await promptOf(source, label, cut, codec, tokenizer, settings.tokenHealing));
    }
  }
  const { num, maxTokens = codec.seqLen } = settings;
  if (prompt === undefined) return { settings, plans: planSamples(undefined, num, maxTokens) };
  return { settings, cut, prompts, plans: planSamples(prompts, num, maxTokens, cut) };
}

function listOf(prompt: PromptSource | undefined): readonly (string | Uint8Array)[] {
  if (prompt === undefined) return [];
  return typeof prompt === 'string' || prompt instanceof Uint8Array ? [prompt] : prompt;
}

/** Sends an event when samples may become longer than the sequences of training. */
export function tellPast(
  { codec }: Model,
  { plans }: SamplePlan,
  onEvent?: (event: PastTrainedLength) => void,
): void {
  const tokens = longest(plans);
  if (tokens <= codec.seqLen) return;
  onEvent?.({ type: 'past-trained-length', trained: codec.seqLen, tokens });
}

/** The size of an engine for these samples. */
export function engineSizeOf({ settings, plans }: SamplePlan) {
  const { batchSize, threads } = settings;
  const sequences = Math.min(batchSize, plans.length);
  return { sequences, positions: longest(plans), threads };
}

/**
 * Draws samples, `batchSize` at once. Each is yielded when it ends, so not in the order of their
 * numbers. The same seed gives the same samples, whatever the batch size and the number of cores.
 * Leaving the loop stops the sampling.
 * @throws CodecLmError `CONFIG_INVALID` for invalid options, or when a document cannot be finished
 *   within `maxTokens`; `CHECKPOINT_INVALID`, `NOT_FINITE`; the errors of reading the prompts
 */
export async function* sample(
  model: Model,
  { onEvent, signal, communicator = single, ...options }: SampleOptions = {},
): AsyncGenerator<Sample, void> {
  const whole = await planOf(model, options, 'sample');
  tellPast(model, whole, onEvent);
  const constraints = constraintsOf(model, whole.plans, whole.settings);
  const plan = { ...whole, plans: tasksOfRank(whole.plans, communicator) };
  // There may be more ranks than samples.
  if (plan.plans.length === 0) return;
  const meter = new Meter(plan.plans.length, onEvent);
  const left = new AbortController();
  const stop = signal ? AbortSignal.any([signal, left.signal]) : left.signal;
  let work: Promise<void> | undefined;
  const samples = new ReadableStream<Sample>({
    start(controller) {
      const drawing = { ...plan, constraints, onToken: () => meter.token(), signal: stop };
      work = model
        .useToDraw(engineSizeOf(plan), (engine, drafter) =>
          drawAll(engine, model, { ...drawing, drafter }, async (drawn) => {
            const finished = await finishSample(drawn, model.codec);
            meter.finished();
            if (!left.signal.aborted) controller.enqueue(finished);
          }),
        )
        .then(
          () => {
            if (!left.signal.aborted) controller.close();
          },
          (error) => {
            if (!left.signal.aborted) controller.error(error);
          },
        );
    },
    cancel() {
      left.abort();
    },
  });
  try {
    yield* samples;
  } finally {
    // Make sure that the engine is idle before the caller continues.
    left.abort();
    await work;
  }
}
