/** The tokenizer of a dataset: given, found from an earlier run, or learned from a sample. */

import { mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CodecLmError } from '../../base/error.ts';
import { writeError } from '../../base/file-error.ts';
import { namesIn } from '../../base/files.ts';
import type { Lock } from '../../base/lock/lock.ts';
import { ahead } from '../../base/storage/ahead.ts';
import { isRemote, joinPlace, writePlace } from '../../base/storage/index.ts';
import type { Plan } from '../../schemas/plan.ts';
import {
  ByteBpe,
  LearningSample,
  learnMerges,
  readTokenizer,
  type Tokenizer,
  writeTokenizer,
} from '../../tokenizer/index.ts';
import type { PipelineEvent } from '../events.ts';
import { paths, readText } from '../files.ts';
import { type Partition, type PlannedInput, partitionsOf, readList } from '../plan/plan.ts';
import { remedyOf } from '../status/failures.ts';
import type { SampleCache } from './cache.ts';
import { BATCH } from './lanes.ts';
import { splitOfDocument } from './split.ts';
import { drain, inOrder, streamOf } from './stream.ts';

/** Lists that are read ahead, because they may be far away. */
const LISTS_AHEAD = 4;

/** Written in this order: if tokenizer.json exists, the others do too. */
const FILES = ['tokenizer_config.json', 'special_tokens_map.json', 'tokenizer.json'];

/** @returns undefined when the dataset has none yet */
export async function readDatasetTokenizer(out: string): Promise<Tokenizer | undefined> {
  if ((await readText(paths.tokenizer(out))) === undefined) return undefined;
  return readTokenizer(out);
}

/**
 * Learns from inputs at even distances in the shuffled plan, without those that are held out.
 * @param cache encodes the sample, and keeps it for the run
 * @throws CodecLmError `TOO_MANY_FAILURES` when not one input of the sample can be decoded;
 *   `MEMORY_LIMIT` as soon as the sample is too large to learn from
 */
export async function learnTokenizer(
  out: string,
  plan: Plan,
  cache: SampleCache,
  lanes: number,
  emit: (event: PipelineEvent) => void,
  signal: AbortSignal,
): Promise<Tokenizer> {
  const { bpeSamples, merges, valFraction } = plan.config;
  const count = Math.min(bpeSamples, plan.inputs);
  const sample = new LearningSample(merges);
  let done = 0;
  let firstFailure: CodecLmError | undefined;
  const samples = streamOf(drawSample(out, plan, count, signal)).through(
    inOrder(lanes * BATCH, (planned: PlannedInput) => cache.sample(planned)),
  );
  await drain(samples, (document) => {
    emit({ type: 'sampling', done: ++done, total: count });
    if (document instanceof CodecLmError) firstFailure ??= document;
    // Merges are learned only for codecs of bytes.
    else if (splitOfDocument(document, valFraction) === 'train')
      sample.add(document.symbols as Uint8Array);
  });
  const { documents } = sample;
  if (documents.length === 0) {
    throw nothingToLearnFrom('the tokenizer', done, firstFailure);
  }
  const bytes = documents.reduce((sum, { length }) => sum + length, 0);
  emit({ type: 'learning', documents: documents.length, bytes, merges });
  return new ByteBpe(learnMerges(documents, merges));
}

/** `count` inputs at even distances in plan order. */
export async function* drawSample(
  out: string,
  plan: Plan,
  count: number,
  signal: AbortSignal,
): AsyncGenerator<PlannedInput> {
  const read = async ({ partition, indices }: Drawn) => {
    signal.throwIfAborted();
    const list = await readList(out, partition);
    return indices.map((index) => list[index]);
  };
  for await (const inputs of ahead(drawnFrom(plan, count), LISTS_AHEAD, read)) {
    for (const input of inputs) {
      signal.throwIfAborted();
      if (!input.filtered) yield input;
    }
  }
}

/** The inputs of a sample that lie in one list. */
interface Drawn {
  partition: Partition;
  indices: number[];
}

function* drawnFrom(plan: Plan, count: number): Generator<Drawn> {
  let drawn = 0;
  let first = 0;
  for (const partition of partitionsOf(plan, plan.config.partitionSize)) {
    const indices: number[] = [];
    for (; drawn < count; drawn++) {
      const index = Math.floor((drawn * plan.inputs) / count);
      if (index >= first + partition.count) break;
      indices.push(index - first);
    }
    first += partition.count;
    if (indices.length > 0) yield { partition, indices };
  }
}

export function nothingToLearnFrom(
  what: string,
  tried: number,
  first: CodecLmError | undefined,
): CodecLmError {
  return new CodecLmError(
    'TOO_MANY_FAILURES',
    first
      ? `no input drawn for ${what} could be used, of ${tried}; the first that failed: ${first.message}`
      : `all ${tried} inputs drawn for ${what} are held out for validation`,
    {
      cause: first,
      hint: first ? remedyOf(first.code) : 'lower `valFraction`, or give a `tokenizer`',
    },
  );
}

/** Writes the tokenizer's files into the dataset, tokenizer.json last. */
export async function saveTokenizer(
  out: string,
  tokenizer: Tokenizer,
  seqLen: number,
  lock: Pick<Lock, 'check'>,
): Promise<void> {
  await lock.check();
  const draft = isRemote(out)
    ? await mkdtemp(join(tmpdir(), 'codec-lm-tokenizer-'))
    : join(out, 'tokenizer.tmp');
  await writeTokenizer(draft, tokenizer, { model_max_length: seqLen });
  const written = await namesIn(draft);
  await lock.check();
  for (const file of FILES.filter((name) => written.includes(name))) {
    await move(join(draft, file), joinPlace(out, file));
  }
  await rm(draft, { recursive: true, force: true });
}

async function move(from: string, to: string): Promise<void> {
  if (isRemote(to)) {
    const content = await readFile(from);
    await writePlace(to, (file) => file.write(content));
    return;
  }
  await rename(from, to).catch((error) => {
    throw writeError(error, to);
  });
}
