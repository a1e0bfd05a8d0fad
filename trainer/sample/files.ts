/** From a checkpoint to files: draws samples, puts the tables back, writes pictures and the contact sheet. */
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { formatCount } from '../../cli/table.ts';
import { CodecLmError, fileError, systemCode } from '../../schemas/error.ts';
import { readTokenizer } from '../../tokenizer/bpe/huggingface.ts';
import type { ByteBpe } from '../../tokenizer/bpe/tokenizer.ts';
import type { Backend } from '../backend/choose.ts';
import { loadModel } from '../checkpoint/huggingface.ts';
import { findCheckpoint } from '../run-directory.ts';
import { readSamplingCodec, type SamplingCodec } from './codec.ts';
import { grammarConstraints } from './constraint.ts';
import { type DecodeSettings, decode, type SampledSequence } from './decode.ts';
import type { FilterSettings } from './filter.ts';
import { promptOfImage } from './prompt.ts';
import { drawSheet } from './sheet.ts';
import { createStepper } from './stepper.ts';

export interface SampleFilesOptions extends FilterSettings {
  /** Checkpoint folder, or a run directory for its newest one. */
  checkpoint: string;
  /** Samples to draw. */
  num: number;
  /** Folder for the files; must be empty or not there. */
  to: string;
  seed: number;
  grammar: boolean;
  batchSize: number;
  /** Longest sample with its prompt, in tokens. */
  maxTokens?: number;
  prompt?: { file: string; ratio: number };
  /** Loaded only when everything else has been found good. */
  chooseBackend: () => Promise<Backend>;
  onSample?: (sample: SampleFile) => void;
  onProgress?: (line: string) => void;
  signal?: AbortSignal;
}

/** One finished sample, as `--json` prints it. */
export interface SampleFile {
  sample: number;
  file: string;
  /** Tokens drawn, `<eos>` counted, and bytes of the document, the prompt counted. */
  tokens: number;
  bytes: number;
  /** `length`: cut off by the limit. */
  finish: 'eos' | 'length';
  valid: boolean;
  /** Why it is no valid image. */
  reason?: string;
  /** Mean ln p of its tokens under the unfiltered model. */
  logProbability: number;
  /** Tokens of which the grammar forbade the model's favourite. */
  corrected: number;
}

export interface SampleSummary {
  samples: number;
  invalid: number;
  /** Path of the contact sheet. */
  sheet: string;
}

/** @throws CodecLmError `INPUT_NOT_FOUND`, `OUTPUT_IN_USE`, `CHECKPOINT_INVALID`, or an `IMAGE_*` code of the prompt */
export async function sampleFiles(options: SampleFilesOptions): Promise<SampleSummary> {
  const checkpoint = await findCheckpoint(options.checkpoint);
  const codec = await readSamplingCodec(checkpoint);
  const tokenizer = await readTokenizer(checkpoint);
  const prompt = await promptIds(options, codec, tokenizer);
  const maxTokens = (options.maxTokens ?? codec.seqLen) - prompt.length;
  if (maxTokens < 1) {
    throw new CodecLmError(
      'CONFIG_INVALID',
      `the prompt takes ${prompt.length} tokens, which leaves none of ${options.maxTokens ?? codec.seqLen}`,
      { hint: 'lower --prompt-ratio or raise --max-tokens' },
    );
  }
  const constraints = options.grammar
    ? grammarConstraints(codec, tokenizer, prompt.subarray(1), maxTokens)
    : undefined;
  await makeEmpty(options.to);
  const backend = await options.chooseBackend();
  const model = await loadModel(backend, checkpoint);
  const settings: DecodeSettings = {
    ...options,
    maxTokens,
    eosId: tokenizer.eosId,
    bannedIds: [tokenizer.bosId, tokenizer.padId],
  };
  const pictures: (Uint8Array | null)[] = [];
  let invalid = 0;
  const meter = new Meter(options.num, options.onProgress);
  for (let first = 0; first < options.num && !options.signal?.aborted; ) {
    const size = Math.min(options.batchSize, options.num - first);
    const requests = Array.from({ length: size }, (_, i) => ({
      index: first + i,
      constraint: constraints?.(),
    }));
    const stepper = createStepper(model, size);
    for await (const sequence of decode(stepper, requests, prompt, settings, options.signal)) {
      const { sample, picture } = await writeSample(sequence, prompt, codec, tokenizer, options.to);
      pictures[sequence.index] = picture;
      if (picture === null) invalid++;
      options.onSample?.(sample);
      meter.finished(sample.tokens);
    }
    stepper.dispose();
    first += size;
  }
  model.dispose();
  const sheet = join(options.to, 'sheet.png');
  const done = pictures.filter((picture) => picture !== undefined);
  if (done.length > 0) await write(sheet, await drawSheet(done, codec));
  return { samples: done.length, invalid, sheet };
}

/** `<bos>`, then the part of an image that is given. */
async function promptIds(
  { prompt }: SampleFilesOptions,
  { codec }: SamplingCodec,
  tokenizer: ByteBpe,
): Promise<Uint16Array> {
  if (prompt === undefined) return Uint16Array.of(tokenizer.bosId);
  const ids = await promptOfImage(prompt.file, prompt.ratio, codec, tokenizer);
  return Uint16Array.of(tokenizer.bosId, ...ids);
}

/** A sample that is no whole image keeps its bytes as they are, under another name. */
async function writeSample(
  sequence: SampledSequence,
  prompt: Uint16Array,
  { codec }: SamplingCodec,
  tokenizer: ByteBpe,
  folder: string,
): Promise<{ sample: SampleFile; picture: Uint8Array | null }> {
  const bytes = tokenizer.decode([...prompt.subarray(1), ...sequence.ids]);
  let picture: Uint8Array | null = null;
  let reason: string | undefined;
  try {
    picture = await codec.view(bytes);
  } catch (error) {
    if (!(error instanceof CodecLmError)) throw error;
    reason = error.message;
  }
  const name = String(sequence.index).padStart(8, '0');
  const file = join(folder, `${name}${picture === null ? '.bin' : codec.extension}`);
  await write(file, picture ?? bytes);
  const tokens = sequence.ids.length + (sequence.finish === 'eos' ? 1 : 0);
  const sample: SampleFile = {
    sample: sequence.index,
    file,
    tokens,
    bytes: bytes.length,
    finish: sequence.finish,
    valid: picture !== null,
    reason,
    logProbability: Number((sequence.logProbability / tokens).toFixed(6)),
    corrected: sequence.corrected,
  };
  return { sample, picture };
}

/** Files of another command are never mixed with or written over. */
async function makeEmpty(folder: string): Promise<void> {
  let names: string[] = [];
  try {
    names = await readdir(folder);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw fileError(error, 'opening', folder);
  }
  if (names.length > 0) {
    throw new CodecLmError('OUTPUT_IN_USE', `${folder} is not empty`, {
      path: folder,
      hint: 'name another folder with --to',
    });
  }
  try {
    await mkdir(folder, { recursive: true });
  } catch (error) {
    throw fileError(error, 'creating', folder);
  }
}

async function write(path: string, content: Uint8Array): Promise<void> {
  try {
    await writeFile(path, content);
  } catch (error) {
    throw fileError(error, 'writing', path);
  }
}

/** `3/16 samples  1,234 tokens/s`, over the samples that have ended. */
class Meter {
  private readonly num: number;
  private readonly show: ((line: string) => void) | undefined;
  private readonly startedAt = performance.now();
  private samples = 0;
  private tokens = 0;

  constructor(num: number, show?: (line: string) => void) {
    this.num = num;
    this.show = show;
  }

  finished(tokens: number): void {
    this.samples++;
    this.tokens += tokens;
    const speed = this.tokens / ((performance.now() - this.startedAt) / 1000);
    this.show?.(`${this.samples}/${this.num} samples  ${formatCount(speed)} tokens/s`);
  }
}
