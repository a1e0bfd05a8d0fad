/**
 * Describes the work of a run, and estimates the size of its dataset; files that it writes are
 * removed.
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CodecLmError } from '../base/error.ts';
import { writeError } from '../base/file-error.ts';
import type { ClipsConfig } from '../schemas/clips.ts';
import type { Plan } from '../schemas/plan.ts';
import { ByteBpe, type Document, type Encoder, learnMerges } from '../tokenizer/index.ts';
import { inputEncoderOf } from './clips/inputs.ts';
import { clipReasonOf } from './clips/reasons.ts';
import { sampledFiles, sampledLines } from './clips/sample.ts';
import { type Decision, decider } from './curate/decide.ts';
import { measureInput } from './curate/survey.ts';
import { noCounts, secondsSince } from './encode/inputs.ts';
import { checkSameConfig, inspectOutput } from './output.ts';
import { identityOf, onDuplicateOf, spoolInputs } from './plan/make.ts';
import { partitionsOf } from './plan/plan.ts';
import type { RunRequest } from './run.ts';
import { baseOf, parseInput } from './sources/source.ts';
import { addCodes } from './status/failures.ts';

/** Number of inputs to encode: enough for a size within a few percent, in a second or two. */
const SAMPLES = 200;

export interface DryRun {
  inputs: number;
  /** How many clips a video gives, and the number of videos; absent where each input is a file. */
  clips?: ClipsConfig & { videos: number };
  /** Share of the documents that will be held out. */
  valFraction: number;
  partitions: number;
  duplicates: number;
  ignored: Record<string, number>;
  problems: { path: string; problem: string }[];
  /** The columns that travel along, if there are any. */
  columns?: Plan['columns'];
  /** Number of problems because of which inputs would be missing. */
  unread: number;
  codec: RunRequest['config']['codec'];
  /** The sample from which the estimate is made. */
  sample: {
    inputs: number;
    documents: number;
    failures: Record<string, number>;
    /** Inputs that would be left out, by reason; absent without curation and clips. */
    filtered?: Record<string, number>;
    seconds: number;
  };
  /** Estimate for the whole dataset; null when no input of the sample could be decoded. */
  estimate: {
    documents: number;
    bytes: number;
    tokens: number;
    sequences: number;
    disk: number;
  } | null;
}

/** @throws CodecLmError like the run itself before its first write */
export async function dryRun(request: RunRequest): Promise<DryRun> {
  const { out, config } = request;
  const { plan } = await inspectOutput(out);
  if (plan) checkSameConfig(out, plan.config, config, request.allowEncoderChange);
  const folder = await mkdtemp(join(tmpdir(), 'codec-lm-dry-run-')).catch((error) => {
    throw writeError(error, join(tmpdir(), 'codec-lm-dry-run-'), 'making a temporary folder');
  });
  try {
    const { spool, log, columns } = await spoolInputs(request, join(folder, 'spool'));
    try {
      const { count: files, duplicates, lines } = spool.finish(onDuplicateOf(config, columns));
      const { ignored, problems, unread = 0 } = log.listing;
      const { clips } = config;
      const inputs = files * (clips?.perVideo ?? 1);
      const first = takeLines(lines, Math.min(sampledFiles(SAMPLES, clips), files));
      const taken = sampledLines(first, SAMPLES, clips);
      return {
        inputs,
        ...(clips ? { clips: { ...clips, videos: files } } : {}),
        valFraction: config.valFraction,
        partitions: partitionsOf({ inputs }, config.partitionSize).length,
        duplicates,
        ignored,
        problems,
        unread,
        ...(columns ? { columns: columns.resolve() } : {}),
        codec: config.codec,
        ...(await estimate(request, taken, inputs)),
      };
    } finally {
      spool.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function takeLines(lines: Generator<string>, count: number): string[] {
  return Array.from({ length: count }, () => lines.next().value as string);
}

/** Encodes the first inputs of the plan, which is shuffled, so that they are a fair sample. */
async function estimate(
  request: RunRequest,
  lines: readonly string[],
  inputs: number,
): Promise<Pick<DryRun, 'sample' | 'estimate'>> {
  const { config } = request;
  const { kept, filtered } = await curateLines(request, lines);
  const encoder = await learnedEncoder(request, kept);
  const start = performance.now();
  const { documents: encoded, failures, missing } = await encodeLines(request, encoder, kept);
  const documents = encoded.map(({ symbols }) => symbols);
  const sample = {
    inputs: lines.length,
    documents: documents.length,
    failures,
    ...(config.curation || config.clips ? { filtered: addCodes(filtered, missing) } : {}),
    seconds: secondsSince(start),
  };
  if (documents.length === 0) return { sample, estimate: null };
  // Merges are learned only for codecs of bytes.
  const tokenizer =
    request.tokenizer ?? new ByteBpe(learnMerges(documents as Uint8Array[], config.merges));
  const tokens = documents.reduce(
    (sum, symbols) => sum + tokenizer.encodeDocument(symbols).length,
    0,
  );
  const bytes = documents.reduce((sum, { length }) => sum + length, 0);
  const scale = inputs / lines.length;
  const bitsPerId = Math.ceil(Math.log2(tokenizer.vocabSize));
  return {
    sample,
    estimate: {
      documents: Math.round(documents.length * scale),
      bytes: Math.round(bytes * scale),
      tokens: Math.round(tokens * scale),
      sequences: Math.ceil((tokens * scale) / config.seqLen),
      // Shards pack each id into as many bits as the vocabulary needs.
      disk: Math.round((tokens * scale * bitsPerId) / 8),
    },
  };
}

/** What curation would leave out of the sample; duplicates are found among the sample alone. */
async function curateLines(
  { config, encoder, codec: { definition } }: RunRequest,
  lines: readonly string[],
): Promise<{ kept: readonly string[]; filtered: Record<string, number> }> {
  const { curation } = config;
  if (!curation) return { kept: lines, filtered: {} };
  const measuring = { curation, encoder, definition, bases: config.sources.map(baseOf) };
  const decide = decider(curation);
  let filtered: Record<string, number> = {};
  const kept: string[] = [];
  let last = '';
  let decision: Decision | undefined;
  for (const [docId, line] of lines.entries()) {
    const input = parseInput(line);
    const file = identityOf(measuring.bases, input);
    // Clips of a video follow each other, and what is decided of it holds for all of them.
    if (file !== last) {
      const measured = await measureInput({ input }, measuring);
      decision = measured ? decide(docId, measured) : undefined;
    }
    last = file;
    if (decision) filtered = addCodes(filtered, { [decision.reason]: 1 });
    else kept.push(line);
  }
  return { kept, filtered };
}

/** What the codec lacks is learned on the same inputs, as the run would on more of them. */
async function learnedEncoder(request: RunRequest, lines: readonly string[]): Promise<Encoder> {
  const { codec, encoder, config, reopen } = request;
  if (!codec.learning) return encoder;
  const { documents } = await encodeLines(request, encoder, lines);
  // Without documents there is nothing to learn, and nothing to estimate.
  if (documents.length === 0) return encoder;
  const learner = codec.learning.learner(config.seed);
  for (const document of documents) learner.add(document);
  return (await reopen(await learner.finish())).encoder;
}

async function encodeLines(
  { codec, config, signal }: RunRequest,
  encoder: Encoder,
  lines: readonly string[],
): Promise<{
  documents: Document[];
  failures: Record<string, number>;
  /** Clips that videos do not have, by reason. */
  missing: Record<string, number>;
}> {
  const bases = config.sources.map(baseOf);
  const encoding = inputEncoderOf(encoder, bases, codec.definition, config);
  const counts = noCounts();
  const documents: Document[] = [];
  let failures: Record<string, number> = {};
  let missing: Record<string, number> = {};
  try {
    for (const [docId, line] of lines.entries()) {
      signal.throwIfAborted();
      const result = await encoding.encode({ docId, input: parseInput(line) }, counts);
      if (!(result instanceof CodecLmError)) {
        documents.push(result);
        continue;
      }
      const reason = clipReasonOf(result);
      if (reason) missing = addCodes(missing, { [reason]: 1 });
      else failures = addCodes(failures, { [result.code]: 1 });
    }
  } finally {
    await encoding.close?.();
  }
  return { documents, failures, missing };
}
