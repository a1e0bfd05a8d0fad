/** The work of the subcommands of `tokenizer`. */
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { CodecLmError } from '../../base/error.ts';
import { isUnread } from '../../base/error-codes.ts';
import { readError, writeError } from '../../base/file-error.ts';
import { makeFolder } from '../../base/files.ts';
import { formatCount } from '../../base/format.ts';
import { bytesOfSymbols } from '../../tokenizer/alphabet.ts';
import { writeTokenizer } from '../../tokenizer/bpe/files/huggingface.ts';
import { learnMerges } from '../../tokenizer/bpe/learn/learn.ts';
import { LearningSample } from '../../tokenizer/bpe/learn/memory.ts';
import { ByteBpe } from '../../tokenizer/bpe/tokenizer.ts';
import type { CodecDefinition } from '../../tokenizer/codecs/codec.ts';
import { plainTokenizer } from '../../tokenizer/plain.ts';
import type { Tokenizer } from '../../tokenizer/tokenizer.ts';
import type { Io } from '../command.ts';
import {
  isDocumentOf,
  listToolInputs,
  type MakeCodec,
  readToolDocument,
  type ToolInput,
} from './inputs.ts';
import { fromNpy, toNpy } from './npy.ts';

/**
 * Continues after an input that fails. @returns the number of failed inputs; each is reported on
 * stderr
 */
async function forEachInput(
  inputs: readonly ToolInput[],
  io: Io,
  work: (input: ToolInput) => Promise<void>,
): Promise<number> {
  let failed = 0;
  for (const [index, input] of inputs.entries()) {
    if (io.signal.aborted) throw new CodecLmError('INTERRUPTED', 'stopped before the end');
    try {
      await work(input);
    } catch (error) {
      if (!isOfInput(error) || inputs.length === 1) throw error;
      failed++;
      io.log(`${error.message} [${error.code}]`);
    }
    io.progress.update(`${index + 1}/${inputs.length} files`);
  }
  io.progress.done();
  if (failed === inputs.length) {
    throw new CodecLmError('TOO_MANY_FAILURES', `none of the ${failed} inputs could be used`);
  }
  return failed;
}

/** Whether an error concerns only this input: its content, or its permissions. */
function isOfInput(error: unknown): error is CodecLmError {
  if (!(error instanceof CodecLmError)) return false;
  return error.scope === 'input' || error.scope === 'file' || isUnread(error.code);
}

/** The tokenizer of a codec without byte-pair encoding: its alphabet. */
export async function writePlain(out: string, makeCodec: MakeCodec, io: Io): Promise<void> {
  refuseHeld(out);
  const { alphabet } = await makeCodec();
  await writeTokenizer(out, plainTokenizer(alphabet));
  io.log(`${out}: an alphabet of ${formatCount(alphabet)} symbols, which needs no merges`);
}

/** @throws CodecLmError `OUTPUT_IN_USE` */
function refuseHeld(out: string): void {
  const held = join(out, 'tokenizer.json');
  if (!existsSync(held)) return;
  throw new CodecLmError('OUTPUT_IN_USE', `${held} is already there`, {
    path: held,
    hint: 'choose another folder, or remove that tokenizer',
  });
}

/** Learns from at most `samples` inputs, spread evenly over all of them. @returns failed inputs */
export async function trainTokenizer(
  sources: readonly string[],
  settings: { definition: CodecDefinition; out: string; merges: number; samples: number },
  makeCodec: MakeCodec,
  io: Io,
): Promise<number> {
  refuseHeld(settings.out);
  const { definition } = settings;
  const all = await listToolInputs(sources, isDocumentOf(definition));
  const share = Math.max(1, all.length / settings.samples);
  const chosen = all.filter((_, i) => Math.floor(i / share) !== Math.floor((i - 1) / share));
  const sample = new LearningSample(settings.merges);
  const failed = await forEachInput(chosen, io, async ({ path }) => {
    sample.add((await readToolDocument(path, makeCodec)) as Uint8Array);
  });
  const { documents } = sample;
  const merges = learnMerges(documents, settings.merges);
  if (merges.length < settings.merges) {
    io.log(`only ${merges.length} merges: nothing else is left to merge in this sample`);
  }
  await writeTokenizer(settings.out, new ByteBpe(merges));
  io.log(
    `${settings.out}: ${merges.length} merges from ${formatCount(documents.length)} documents`,
  );
  return failed;
}

/**
 * Writes each document as `<bos> tokens <eos>`: as a .npy file, or as a line of JSON. @returns
 * failed inputs
 */
export async function encode(
  sources: readonly string[],
  settings: { definition: CodecDefinition; tokenizer: Tokenizer; out?: string },
  makeCodec: MakeCodec,
  io: Io,
): Promise<number> {
  const { definition, tokenizer } = settings;
  const inputs = await listToolInputs(sources, isDocumentOf(definition));
  return forEachInput(inputs, io, async ({ path, name }) => {
    const document = await readToolDocument(path, makeCodec, tokenizer.alphabet);
    const ids = tokenizer.encodeDocument(document);
    if (settings.out === undefined) io.printJson({ file: path, ids: [...ids] });
    else await write(join(settings.out, `${name}.npy`), toNpy(ids));
  });
}

/**
 * Converts .npy and .jsonl files back to documents: viewable files, or canonical bytes. @returns
 * failed inputs
 */
export async function decode(
  sources: readonly string[],
  settings: { definition: CodecDefinition; tokenizer: Tokenizer; out: string; raw: boolean },
  makeCodec: MakeCodec,
  io: Io,
): Promise<number> {
  const { definition, tokenizer, out, raw } = settings;
  const extension = raw ? '.bin' : definition.file.extension;
  const inputs = await listToolInputs(sources, (name) => /\.(npy|jsonl)$/.test(name));
  return forEachInput(inputs, io, async ({ path, name }) => {
    for (const { ids, suffix } of await readTokens(path)) {
      const document = tokenizer.decode(ids, { specials: 'skip' });
      const file = raw ? bytesOfSymbols(document) : await (await makeCodec()).view(document);
      await write(join(out, `${name}${suffix}${extension}`), file);
    }
  });
}

async function readTokens(path: string): Promise<{ ids: ArrayLike<number>; suffix: string }[]> {
  let file: Uint8Array;
  try {
    file = await readFile(path);
  } catch (error) {
    throw readError(error, path);
  }
  if (!path.endsWith('.jsonl')) return [{ ids: fromNpy(file, path), suffix: '' }];
  const lines = Buffer.from(file).toString('utf8').split('\n').filter(Boolean);
  return lines.map((line, i) => ({ ids: parseLine(line, path, i), suffix: `-${i}` }));
}

function parseLine(line: string, path: string, index: number): number[] {
  try {
    const { ids } = JSON.parse(line);
    if (Array.isArray(ids) && ids.every(Number.isInteger)) return ids;
  } catch {
    // Reported below, like a line of JSON in another form.
  }
  throw new CodecLmError('TOKEN_INVALID', `${path}, line ${index + 1}: no list "ids" of integers`, {
    path,
  });
}

async function write(path: string, bytes: Uint8Array): Promise<void> {
  try {
    await makeFolder(dirname(path));
    await writeFile(path, bytes);
  } catch (error) {
    throw writeError(error, path);
  }
}
