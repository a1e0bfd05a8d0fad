/** What the subcommands of `tokenizer` do: documents in, tokens or a tokenizer out. */
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { CodecLmError } from '../../base/error.ts';
import { isUnread } from '../../base/error-codes.ts';
import { readError, writeError } from '../../base/file-error.ts';
import { makeFolder } from '../../base/files.ts';
import { formatCount } from '../../base/format.ts';
import type { Io } from '../../cli/command.ts';
import { writeTokenizer } from '../bpe/files/huggingface.ts';
import { learnMerges } from '../bpe/learn/learn.ts';
import { Sample } from '../bpe/learn/memory.ts';
import { ByteBpe } from '../bpe/tokenizer.ts';
import type { Codec } from '../codecs/codec.ts';
import { type Input, isDocument, listInputs, readDocument } from './inputs.ts';
import { fromNpy, toNpy } from './npy.ts';

export type MakeCodec = () => Promise<Codec>;

/** Goes on after an input that fails. @returns how many failed, each said on stderr */
async function forEachInput(
  inputs: readonly Input[],
  io: Io,
  work: (input: Input) => Promise<void>,
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

/** Whether an error is about this one input: what it holds, or that it may not be read. */
function isOfInput(error: unknown): error is CodecLmError {
  if (!(error instanceof CodecLmError)) return false;
  return error.scope === 'input' || error.scope === 'file' || isUnread(error.code);
}

/** Learns from at most `samples` inputs, spread evenly over all of them. @returns failed inputs */
export async function train(
  sources: readonly string[],
  settings: { out: string; merges: number; samples: number },
  makeCodec: MakeCodec,
  io: Io,
): Promise<number> {
  const held = join(settings.out, 'tokenizer.json');
  if (existsSync(held)) {
    throw new CodecLmError('OUTPUT_IN_USE', `${held} is already there`, {
      path: held,
      hint: 'choose another folder, or remove that tokenizer',
    });
  }
  const all = await listInputs(sources, isDocument);
  const share = Math.max(1, all.length / settings.samples);
  const chosen = all.filter((_, i) => Math.floor(i / share) !== Math.floor((i - 1) / share));
  const sample = new Sample(settings.merges);
  const failed = await forEachInput(chosen, io, async ({ path }) => {
    sample.add(await readDocument(path, makeCodec));
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

/** Each document as `<bos> tokens <eos>`: a .npy file each, or a line of JSON. @returns failed inputs */
export async function encode(
  sources: readonly string[],
  settings: { bpe: ByteBpe; out?: string },
  makeCodec: MakeCodec,
  io: Io,
): Promise<number> {
  const inputs = await listInputs(sources, isDocument);
  return forEachInput(inputs, io, async ({ path, name }) => {
    const ids = settings.bpe.encodeDocument(await readDocument(path, makeCodec));
    if (settings.out === undefined) io.printJson({ file: path, ids: [...ids] });
    else await write(join(settings.out, `${name}.npy`), toNpy(ids));
  });
}

/** .npy and .jsonl files back to documents: viewable files, or canonical bytes. @returns failed inputs */
export async function decode(
  sources: readonly string[],
  settings: { bpe: ByteBpe; out: string; raw: boolean },
  makeCodec: MakeCodec,
  io: Io,
): Promise<number> {
  const { bpe, out, raw } = settings;
  const inputs = await listInputs(sources, (name) => /\.(npy|jsonl)$/.test(name));
  return forEachInput(inputs, io, async ({ path, name }) => {
    for (const { ids, suffix } of await readTokens(path)) {
      const bytes = bpe.decode(ids, { specials: 'skip' });
      const file = raw ? bytes : await (await makeCodec()).view(bytes);
      const extension = raw ? '.bin' : (await makeCodec()).extension;
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
    // Reported below, like a line that is JSON of another form.
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
