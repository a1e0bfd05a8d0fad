/**
 * Measures every input of the plan before any is encoded: size, content hash, look. Each partition is
 * one file, so a survey that was stopped goes on.
 */
import { createHash } from 'node:crypto';
import { CodecLmError } from '../../base/error.ts';
import type { Lock } from '../../base/lock/lock.ts';
import { type Curation, type Surveyed, surveySchema } from '../../schemas/curation.ts';
import type { CodecDefinition, Encoder, Measures } from '../../tokenizer/index.ts';
import { BATCH } from '../encode/lanes.ts';
import { drain, inOrder, streamOf } from '../encode/stream.ts';
import { paths, readJson, writeJson } from '../files.ts';
import type { ByteString } from '../plan/byte-strings.ts';
import { type Partition, type PlannedInput, readList } from '../plan/plan.ts';
import { giveBuffer } from '../sources/buffers.ts';
import { findInput, readInput } from '../sources/read.ts';
import { type Input, labelOf, sourceFileOf } from '../sources/source.ts';

export interface Measuring {
  curation: Curation;
  encoder: Encoder;
  definition: CodecDefinition;
  bases: readonly ByteString[];
}

export interface SurveyRequest extends Measuring {
  out: string;
  partitions: readonly Partition[];
  /** Batches in flight. */
  lanes: number;
  lock: Pick<Lock, 'check'>;
  signal: AbortSignal;
  /** Called with the number of inputs that are measured. */
  onProgress(done: number): void;
}

/**
 * Surveys the partitions that are not surveyed yet.
 * @throws CodecLmError the errors that no single input caused
 */
export async function survey(request: SurveyRequest): Promise<void> {
  const { out, partitions, lanes, lock, signal } = request;
  let done = 0;
  for (const partition of partitions) {
    if (!(await readJson(paths.survey(out, partition.name), surveySchema))) {
      const found: (Surveyed | null)[] = [];
      const measured = streamOf(oneByOne(await readList(out, partition))).through(
        inOrder(lanes * BATCH, (planned: PlannedInput) => measureOnce(planned, request)),
      );
      await drain(measured, (input: Surveyed | null) => {
        signal.throwIfAborted();
        found.push(input);
        request.onProgress(done + found.length);
      });
      await lock.check();
      await writeJson(paths.survey(out, partition.name), found);
    }
    done += partition.count;
    request.onProgress(done);
  }
}

async function* oneByOne<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}

/** All clips of a video are one file, which is measured for the first of them. */
async function measureOnce(planned: PlannedInput, measuring: Measuring): Promise<Surveyed | null> {
  return isLaterClip(planned.input) ? null : measureInput(planned, measuring);
}

/** Whether an input shares its file with the one before it. */
export function isLaterClip({ clip = 0 }: Pick<Input, 'clip'>): boolean {
  return clip > 0;
}

/** Whether a picture has to be opened to decide. */
function looksInside({ minSide, maxAspect, nearDuplicates }: Curation): boolean {
  return minSide !== undefined || maxAspect !== undefined || nearDuplicates !== undefined;
}

/** @throws CodecLmError `USAGE` for a codec that cannot measure what is asked */
export function checkMeasurable(
  curation: Curation | undefined,
  encoder: Encoder,
  definition: CodecDefinition,
): void {
  if (!curation || !looksInside(curation) || encoder.measure) return;
  throw new CodecLmError(
    'USAGE',
    `documents of ${definition.title} are not measured before they are encoded: \`minSide\`, \`maxAspect\` and \`nearDuplicates\` are for pictures`,
    { hint: '`minBytes` and `dropDuplicates` work for every codec' },
  );
}

/**
 * @returns what can be said of the input: a picture that does not open has only its bytes, and one that
 *   cannot be read gives null; encoding it says why
 */
export async function measureInput(
  { input }: Pick<PlannedInput, 'input'>,
  { curation, encoder, definition, bases }: Measuring,
): Promise<Surveyed | null> {
  const withHash = curation.duplicates !== undefined || curation.nearDuplicates !== undefined;
  try {
    // The size of a file of a web server is known only when it was read.
    const isWeb = sourceFileOf(bases, input).startsWith('https://');
    if (!withHash && !looksInside(curation) && !isWeb) {
      return { bytes: (await findInput(bases, input, definition.unreadable)).size };
    }
    const source = await readInput(bases, input, definition);
    try {
      const sha256 = withHash ? createHash('sha256').update(source).digest('hex') : undefined;
      const withLook = curation.nearDuplicates !== undefined;
      const measures = looksInside(curation)
        ? await blameless(encoder.measure!(source, labelOf(bases, input), withLook))
        : undefined;
      return { bytes: source.length, sha256, ...fieldsOf(measures) };
    } finally {
      giveBuffer(source);
    }
  } catch (error) {
    return noFault(error) ?? null;
  }
}

function blameless<T>(promise: Promise<T>): Promise<T | undefined> {
  return promise.catch(noFault);
}

/** @throws the error, unless it is the fault of one input */
function noFault(error: unknown): undefined {
  if (error instanceof CodecLmError && error.scope === 'input') return undefined;
  throw error;
}

function fieldsOf(measures: Measures | undefined): Partial<Surveyed> {
  if (!measures) return {};
  const { width, height, look } = measures;
  return { width, height, look: look?.toString(16) };
}
