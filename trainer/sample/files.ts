/** From a checkpoint to files: draws samples, writes each as it ends, then the sheet and the page. */
import { join } from 'node:path';
import type { PromptCut } from '../../tokenizer/codecs/codec.ts';
import type { Backend } from '../backend/choose.ts';
import { Batcher } from './batcher.ts';
import { grammarConstraints } from './constraint.ts';
import type { FilterSettings } from './filter.ts';
import { GrowingFile, previewOf } from './growing.ts';
import { checkpointHash, type LoadedCheckpoint, loadEngine, readCheckpoint } from './load.ts';
import { Meter } from './meter.ts';
import {
  makeEmpty,
  type SampleFile,
  type WrittenSample,
  write,
  writeDescription,
  writeSample,
} from './output.ts';
import { samplesPage } from './page.ts';
import { givenIds, longest, type PlannedSample, planSamples } from './plan.ts';
import { readPrompts } from './prompt.ts';
import { drawSheet, sheetRows } from './sheet.ts';

export interface SampleFilesOptions extends FilterSettings {
  /** Checkpoint folder, or a run directory for its newest one. */
  checkpoint: string;
  /** Samples to draw, of each prompt if there are any. */
  num: number;
  /** Folder for the files; must be empty or not there. */
  to: string;
  seed: number;
  grammar: boolean;
  /** Samples drawn at once. */
  batchSize: number;
  /** Cores to use; default all. */
  threads?: number;
  /** Longest sample with its prompt, in tokens. */
  maxTokens?: number;
  /** A file or a folder of files, and where to cut them. */
  prompt?: { path: string; cut?: PromptCut };
  /** Samples are files from their first token on. */
  stream?: boolean;
  /** Asked only for a model that our own kernels do not take. */
  chooseBackend: () => Promise<Backend>;
  onSample?: (sample: SampleFile) => void;
  onProgress?: (line: string) => void;
  signal?: AbortSignal;
}

export interface SampleSummary {
  samples: number;
  invalid: number;
  tokens: number;
  tokensPerSecond: number;
  /** Share of tokens of which the grammar forbade the model's favourite. */
  correctedShare: number;
  /** Paths of the contact sheet and the page. */
  sheet: string;
  page: string;
}

/** @throws CodecLmError `INPUT_NOT_FOUND`, `OUTPUT_IN_USE`, `CHECKPOINT_INVALID`, or an `IMAGE_*` or `VIDEO_*` code of a prompt */
export async function sampleFiles(options: SampleFilesOptions): Promise<SampleSummary> {
  const checkpoint = await readCheckpoint(options.checkpoint);
  const { codec, tokenizer } = checkpoint;
  const prompt = options.prompt && { cut: codec.defaultCut, ...options.prompt };
  const prompts = prompt && (await readPrompts(prompt.path, prompt.cut, codec, tokenizer));
  const plans = planSamples(prompts, options.num, options.maxTokens ?? codec.seqLen);
  const constraints = options.grammar ? grammarConstraints(codec, tokenizer) : undefined;
  // What cannot be finished is found before anything is written.
  for (const plan of plans) constraints?.(givenIds(plan), plan.maxTokens);
  if (options.stream) previewOf(codec);
  await makeEmpty(options.to);
  const size = {
    sequences: Math.min(options.batchSize, plans.length),
    positions: longest(plans),
    threads: options.threads,
  };
  const engine = await loadEngine(checkpoint, size, options.chooseBackend);
  const settings = await describeSettings(checkpoint, options, prompt?.cut);
  const meter = new Meter(plans.length, options.onProgress);
  const batcher = new Batcher(engine);
  const written: WrittenSample[] = [];
  const finish = async (plan: PlannedSample): Promise<void> => {
    const given = givenIds(plan);
    const growing = options.stream
      ? new GrowingFile(options.to, plan.index, codec, tokenizer.decode(given))
      : undefined;
    const { done } = batcher.submit({
      ...options,
      prompt: plan.prompt?.ids ?? [tokenizer.bosId],
      maxTokens: plan.maxTokens,
      stream: plan.index,
      eosId: tokenizer.eosId,
      bannedIds: [tokenizer.bosId, tokenizer.padId],
      constraint: constraints?.(given, plan.maxTokens),
      onToken({ id }) {
        meter.token();
        growing?.add(tokenizer.tokenSymbols(id));
        return false;
      },
    });
    const generation = await done.finally(() => growing?.close());
    const sample = await writeSample(options.to, plan, generation, codec, tokenizer);
    await writeDescription(options.to, sample.sample, settings);
    written.push(sample);
    options.onSample?.(sample.sample);
    meter.finished();
  };
  try {
    await drive(batcher, plans.map(finish), options.signal);
  } finally {
    await engine.dispose();
  }
  const rows = await sheetRows(written, prompts, options.num, codec);
  const [sheet, page] = [join(options.to, 'sheet.png'), join(options.to, 'index.html')];
  if (written.length > 0) {
    await write(sheet, await drawSheet(rows, codec.still));
    await write(page, Buffer.from(samplesPage(rows, settings, codec)));
  }
  return { ...summarize(written), tokensPerSecond: meter.tokensPerSecond, sheet, page };
}

/**
 * Steps until all have ended; a signal ends those that have not, without an error.
 * @throws the first error of them
 */
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

/** What a sample depends on, beside the number of it. */
async function describeSettings(
  checkpoint: LoadedCheckpoint,
  { seed, temperature, topK, topP, minP = 0, grammar, maxTokens }: SampleFilesOptions,
  cut?: PromptCut,
): Promise<Record<string, unknown>> {
  return {
    seed,
    settings: {
      ...{ temperature, topK, topP, minP, grammar: grammar ? 'on' : 'off' },
      maxTokens: maxTokens ?? checkpoint.codec.seqLen,
      ...cut,
    },
    checkpoint: { path: checkpoint.path, sha256: await checkpointHash(checkpoint) },
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
