/** The inputs of `tokenizer`: converts files and folders to documents. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, extname, join, relative } from 'node:path';
import { CodecLmError } from '../../base/error.ts';
import { readError } from '../../base/file-error.ts';
import { BYTES, type Symbols, symbolsOfBytes } from '../../tokenizer/alphabet.ts';
import type { Codec, CodecDefinition } from '../../tokenizer/codecs/codec.ts';

/** Extension of raw documents; any other file goes through the codec. */
const RAW = '.bin';

/** One codec per run, opened when a file needs it: raw documents need no image library. */
export type MakeCodec = () => Promise<Codec>;

export interface ToolInput {
  path: string;
  /** Path inside its folder, without extension: the name of the output file. */
  name: string;
}

/**
 * Files in the order given, those of a folder (with its subfolders) sorted by path.
 * @param wanted decides which files of a folder count
 * @throws CodecLmError `INPUT_NOT_FOUND`, `INPUT_EMPTY`; `USAGE` when two would have one name
 */
export async function listToolInputs(
  sources: readonly string[],
  wanted: (name: string) => boolean,
): Promise<ToolInput[]> {
  const inputs: ToolInput[] = [];
  for (const source of sources) {
    try {
      if ((await stat(source)).isDirectory()) inputs.push(...(await listFolder(source, wanted)));
      else inputs.push({ path: source, name: withoutExtension(basename(source)) });
    } catch (error) {
      throw readError(error, source);
    }
  }
  if (inputs.length === 0) {
    throw new CodecLmError('INPUT_EMPTY', `no usable file in ${sources.join(', ')}`);
  }
  const byName = new Map<string, string>();
  for (const { name, path } of inputs) {
    const other = byName.get(name);
    if (other !== undefined) {
      throw new CodecLmError('USAGE', `${other} and ${path} would both be written as ${name}`);
    }
    byName.set(name, path);
  }
  return inputs;
}

async function listFolder(folder: string, wanted: (name: string) => boolean): Promise<ToolInput[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && wanted(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort((a, b) => (a < b ? -1 : 1))
    .map((path) => ({ path, name: withoutExtension(relative(folder, path)) }));
}

/**
 * Whether a file of a folder counts: raw documents, and files with an extension of the codec. A
 * file that is named directly is always tried.
 */
export function isDocumentOf({ extensions }: Pick<CodecDefinition, 'extensions'>) {
  return (name: string) => name.endsWith(RAW) || extensions.has(extname(name).toLowerCase());
}

function withoutExtension(path: string): string {
  return path.slice(0, path.length - extname(path).length);
}

/** @param alphabet number of symbols of raw documents */
export async function readToolDocument(
  path: string,
  makeCodec: MakeCodec,
  alphabet = BYTES,
): Promise<Symbols> {
  let source: Uint8Array;
  try {
    source = await readFile(path);
  } catch (error) {
    throw readError(error, path);
  }
  if (path.endsWith(RAW)) return symbolsOfBytes(source, alphabet, path);
  const encoder = await (await makeCodec()).encoder();
  return (await encoder.encode(source, path)).symbols;
}
