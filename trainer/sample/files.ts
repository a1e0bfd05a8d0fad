/**
 * Draws samples from a model and writes each as a file when it ends, then the sheet and the page.
 */

import { join } from 'node:path';
import type { SampleSettings } from '../../schemas/sample.ts';
import type { PromptCut } from '../../tokenizer/index.ts';
import type { Communicator } from '../distributed/communicator.ts';
import { coresOfRank, rankZeroFirst, tasksOfRank } from '../distributed/share.ts';
import { single } from '../distributed/single.ts';
import type { PastTrainedLength, SampleProgress } from '../events.ts';
import type { DraftCounts, Drafter } from './draft/drafter.ts';
import type { Engine } from './engine/engine.ts';
import { finishSample } from './finished.ts';
import { gatherWritten } from './gather.ts';
import { constraintsOf, type Drawing, drawAll } from './generate.ts';
import { GrowingFile, previewOf } from './growing.ts';
import { checkpointHash } from './load.ts';
import { Meter } from './meter.ts';
import type { Model } from './model.ts';
import {
  makeEmpty,
  type SampleFile,
  type WrittenSample,
  write,
  writeDescription,
  writeSample,
} from './output.ts';
import { samplesPage } from './page.ts';
import { givenIds, type PlannedSample } from './plan.ts';
import { engineSizeOf, planOf, type SampleOptions, tellPast } from './sample.ts';
import { drawSheet, sheetRows } from './sheet.ts';

/** A sample has been written, or there is progress. */
export type SampleEvent =
  | SampleProgress
  | PastTrainedLength
  | { type: 'sample'; sample: SampleFile };

export interface SampleFilesOptions extends Omit<SampleOptions, 'onEvent' | 'communicator'> {
  /** Folder for the files; it must be empty or not exist. */
  to: string;
  /** Write files token by token while the samples are drawn. */
  stream?: boolean;
  /**
   * Ranks that share the samples, each of which calls this function with the same options; default
   * this process alone. The files are the same for any number of ranks.
   */
  communicator?: Communicator;
  /** Told in rank 0; of several ranks, samples come when all have ended, in order. */
  onEvent?: (event: SampleEvent) => void;
}

/** In rank 0 of all samples; in another rank of its own. */
export interface SampleSummary {
  samples: number;
  invalid: number;
  tokens: number;
  /** Tokens per second in this process. */
  tokensPerSecond: number;
  /** Share of tokens at which the grammar forbade the most likely token. */
  correctedShare: number;
  /** Tokens that a draft proposed in this process, and those of them that were drawn. */
  draft?: Readonly<DraftCounts>;
  /** Paths of the contact sheet and the page. */
  sheet: string;
  page: string;
}

/**
 * Draws like `sample` and writes into a folder: a file for each sample with its description, a
 * contact sheet and a page.
 * @throws CodecLmError `OUTPUT_IN_USE` for a folder that is not empty; the errors of `sample`
 */
export async function sampleFiles(
  model: Model,
  { to, stream = false, communicator = single, onEvent, signal, ...options }: SampleFilesOptions,
): Promise<SampleSummary> {
  const { codec } = model;
  const { rank, size } = communicator;
  const emit = rank === 0 ? onEvent : undefined;
  const { plan, constraints } = await rankZeroFirst(communicator, async () => {
    const whole = await planOf(model, options, 'sampleFiles');
    // Find out what cannot be finished before anything is written.
    const found = { plan: whole, constraints: constraintsOf(model, whole.plans, whole.settings) };
    if (stream) previewOf(codec);
    if (rank === 0) await makeEmpty(to);
    return found;
  });
  tellPast(model, plan, emit);
  const description = await describeSettings(model, plan.settings, plan.cut);
  const plans = tasksOfRank(plan.plans, communicator);
  const meter = new Meter(plans.length, emit);
  const growing = stream ? new GrowingFiles(to, model) : undefined;
  const drawing: Drawing = {
    plans,
    settings: plan.settings,
    constraints,
    signal,
    onToken(planned, id) {
      meter.token();
      growing?.add(planned, id);
    },
    onLeft: (planned) => growing?.close(planned),
  };
  const own: WrittenSample[] = [];
  const threads = plan.settings.threads ?? (await coresOfRank(communicator));
  const work = { ...plan, plans, settings: { ...plan.settings, threads } };
  let draft: DraftCounts | undefined;
  const draw = (engine: Engine, drafter?: Drafter) => {
    draft = drafter?.counts;
    return drawAll(engine, model, { ...drawing, drafter }, async (drawn) => {
      const sample = await writeSample(to, await finishSample(drawn, codec), codec);
      const { isBatchDependent, description: name } = engine;
      const engineUsed = isBatchDependent ? { engine: name } : {};
      await writeDescription(to, sample.sample, { ...description, ...engineUsed });
      own.push(sample);
      if (size === 1) emit?.({ type: 'sample', sample: sample.sample });
      meter.finished();
    });
  };
  // There may be more ranks than samples.
  if (plans.length > 0) await model.useToDraw(engineSizeOf(work), draw);
  const written = await gatherWritten(to, own, communicator);
  const [sheet, page] = [join(to, 'sheet.png'), join(to, 'index.html')];
  if (rank === 0 && written.length > 0) {
    if (size > 1) for (const { sample } of written) emit?.({ type: 'sample', sample });
    const rows = await sheetRows(written, plan.prompts, plan.settings.num, codec);
    await write(sheet, await drawSheet(rows, codec.still));
    await write(page, Buffer.from(samplesPage(rows, description, codec)));
  }
  return { ...summarize(written), tokensPerSecond: meter.tokensPerSecond, draft, sheet, page };
}

/** The files of samples that are being drawn. */
class GrowingFiles {
  readonly #folder: string;
  readonly #model: Model;
  readonly #files = new Map<PlannedSample, GrowingFile>();

  constructor(folder: string, model: Model) {
    this.#folder = folder;
    this.#model = model;
  }

  add(plan: PlannedSample, id: number): void {
    const { codec, tokenizer } = this.#model;
    let file = this.#files.get(plan);
    if (!file) {
      file = new GrowingFile(this.#folder, plan.index, codec, tokenizer.decode(givenIds(plan)));
      this.#files.set(plan, file);
    }
    file.add(tokenizer.tokenSymbols(id));
  }

  close(plan: PlannedSample): void {
    this.#files.get(plan)?.close();
    this.#files.delete(plan);
  }
}

/** Everything that a sample depends on except its number. */
async function describeSettings(
  model: Model,
  { seed, temperature, topK, topP, minP, grammar, maxTokens, tokenHealing }: SampleSettings,
  cut?: PromptCut,
): Promise<Record<string, unknown>> {
  return {
    seed,
    settings: {
      temperature,
      topK,
      topP,
      minP,
      grammar: grammar ? 'on' : 'off',
      maxTokens: maxTokens ?? model.codec.seqLen,
      ...(model.weights && { weights: model.weights }),
      ...cut,
      ...(tokenHealing && { tokenHealing }),
    },
    checkpoint: { path: model.path, sha256: await checkpointHash(model) },
  };
}

function summarize(written: WrittenSample[]) {
  const total = (of: (sample: SampleFile) => number) =>
    written.reduce((sum, { sample }) => sum + of(sample), 0);
  const tokens = total((sample) => sample.tokens);
  return {
    samples: written.length,
    invalid: total((sample) => (sample.valid ? 0 : 1)),
    tokens,
    correctedShare: tokens === 0 ? 0 : total((sample) => sample.corrected) / tokens,
  };
}
