/**
 * Writes tokenizers as files that Hugging Face tokenizers and transformers read, and reads such
 * files.
 */
import { existsSync } from 'node:fs';
import { open, readFile, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { z } from 'zod';
import { CodecLmError, messageOf } from '../../../base/error.ts';
import { readError, writeError } from '../../../base/file-error.ts';
import { makeFolder } from '../../../base/files.ts';
import { isRemote, joinPlace, parentOf, storageAt } from '../../../base/storage/index.ts';
import {
  addedTokensSchema,
  type SpecialTokensFile,
  specialTokensSchema,
  tokenizerFileSchema,
} from '../../../schemas/tokenizer.ts';
import { plainTokenizer } from '../../plain.ts';
import { openSentencePiece } from '../../sentencepiece/read.ts';
import { MODEL_FILE } from '../../sentencepiece/tokenizer.ts';
import type { Tokenizer } from '../../tokenizer.ts';
import { ByteBpe } from '../tokenizer.ts';
import { parseTokenizer } from './foreign.ts';
import { specialTokensMapJson, tokenizerConfigJson, tokenizerJson } from './json.ts';
import { alphabetOf } from './plain.ts';

/** 65,000 tokens of 100 bytes, three bytes per character, in vocabulary and merges: 40 MB. */
const MAX_TOKENIZER_BYTES = 128 * 1024 * 1024;
const MAX_CONFIG_BYTES = 4 * 1024 * 1024;
/** 65,536 pieces of 100 bytes are 7 MB. */
const MAX_MODEL_BYTES = 32 * 1024 * 1024;
const JSON_FILE = 'tokenizer.json';

/**
 * Writes `tokenizer.json`, `tokenizer_config.json` and `special_tokens_map.json`.
 * @param dir folder to write to; it is made if it does not exist
 * @param extra further keys of `tokenizer_config.json`, e.g. `{ model_max_length: 12288 }`
 * @throws CodecLmError `OUTPUT_UNWRITABLE`, `DISK_FULL` or `IO_FAILED`
 */
export async function writeTokenizer(
  dir: string,
  tokenizer: Tokenizer,
  extra: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  try {
    const { vocabulary } = tokenizer;
    await makeFolder(dir);
    await writeFile(join(dir, 'tokenizer_config.json'), tokenizerConfigJson(vocabulary, extra));
    await writeFile(join(dir, 'special_tokens_map.json'), specialTokensMapJson(vocabulary));
    const { name, content } = tokenizer.file();
    await writeFile(join(dir, name), content);
  } catch (error) {
    throw writeError(error, dir, 'writing the tokenizer to');
  }
}

/**
 * Opens a tokenizer of this project, with a plain alphabet or with merges, any Hugging Face BPE over
 * bytes in braille characters, or such a sentencepiece model. Where a folder holds both, the model is
 * the original, and `tokenizer.json` was made from it.
 * @param dirOrFile a folder that holds `tokenizer.json` or `tokenizer.model`, or that file
 * @throws CodecLmError `INPUT_NOT_FOUND`; `TOKENIZER_INVALID` that names the file and what is wrong
 */
export async function readTokenizer(dirOrFile: string): Promise<Tokenizer> {
  const path = await tokenizerPath(dirOrFile);
  if (path.endsWith('.model')) return readSentencePiece(path);
  const text = (await readCapped(path, MAX_TOKENIZER_BYTES)).toString('utf8');
  const file = parseJson(tokenizerFileSchema, text, path);
  const alphabet = alphabetOf(file);
  if (alphabet !== undefined) return plainTokenizer(alphabet);
  const { merges, vocabulary } = parseTokenizer(file, await readSpecialNames(path), path);
  try {
    // A dataset of the first release keeps its file, because its shards carry the hash of that
    // file.
    const isFirst = text === tokenizerJson(merges, vocabulary, 'bos-eos');
    return new ByteBpe(merges, vocabulary, isFirst ? 'bos-eos' : 'bos');
  } catch (error) {
    if (!(error instanceof CodecLmError)) throw error;
    throw new CodecLmError(error.code, `${path}: ${error.message}`, { cause: error, path });
  }
}

async function tokenizerPath(dirOrFile: string): Promise<string> {
  if (isRemote(dirOrFile)) return remotePath(dirOrFile);
  try {
    const isFolder = (await stat(dirOrFile)).isDirectory();
    if (!isFolder) return dirOrFile;
    const model = join(dirOrFile, MODEL_FILE);
    return existsSync(model) ? model : join(dirOrFile, JSON_FILE);
  } catch (error) {
    throw readError(error, dirOrFile, 'opening the tokenizer');
  }
}

async function remotePath(dirOrFile: string): Promise<string> {
  const storage = storageAt(dirOrFile);
  const found = await storage.find(dirOrFile);
  if (found && !found.isFolder) return dirOrFile;
  const model = joinPlace(dirOrFile, MODEL_FILE);
  return (await storage.find(model)) ? model : joinPlace(dirOrFile, JSON_FILE);
}

async function readSentencePiece(path: string): Promise<Tokenizer> {
  const content = await readCapped(path, MAX_MODEL_BYTES);
  const names = await readSpecialNames(path);
  const added = new Map(await readAddedTokens(path));
  for (const [id, { content: name }] of Object.entries(names.added_tokens_decoder ?? {})) {
    added.set(name, Number(id));
  }
  const nameOf = (role: 'bos_token' | 'eos_token' | 'pad_token') => {
    const token = names[role];
    return typeof token === 'string' ? token : token?.content;
  };
  const [bos, eos, pad] = [nameOf('bos_token'), nameOf('eos_token'), nameOf('pad_token')];
  return openSentencePiece(content, { bos, eos, pad, added }, path);
}

async function readAddedTokens(path: string): Promise<[string, number][]> {
  const text = await readBeside(path, 'added_tokens.json');
  if (text === undefined) return [];
  return Object.entries(
    parseJson(addedTokensSchema, text, join(dirname(path), 'added_tokens.json')),
  );
}

/**
 * Reads the names of the special tokens. They are in two files beside it; older and newer releases
 * write one or both.
 */
async function readSpecialNames(path: string): Promise<SpecialTokensFile> {
  if (basename(path) !== JSON_FILE && basename(path) !== MODEL_FILE) return {};
  const names: SpecialTokensFile = {};
  for (const name of ['special_tokens_map.json', 'tokenizer_config.json']) {
    const text = await readBeside(path, name);
    if (text === undefined) continue;
    const beside = joinPlace(parentOf(path), name);
    for (const [key, value] of Object.entries(parseJson(specialTokensSchema, text, beside))) {
      if (value !== null && value !== undefined) names[key] = value;
    }
  }
  return names;
}

/** @returns undefined where there is no such file */
async function readBeside(path: string, name: string): Promise<string | undefined> {
  try {
    return (await readCapped(joinPlace(parentOf(path), name), MAX_CONFIG_BYTES)).toString('utf8');
  } catch (error) {
    if (error instanceof CodecLmError && error.code === 'INPUT_NOT_FOUND') return undefined;
    throw error;
  }
}

async function readCapped(path: string, limit: number): Promise<Buffer> {
  if (isRemote(path)) return storageAt(path).read(path, { limit, code: 'TOKENIZER_INVALID' });
  try {
    const handle = await open(path);
    try {
      const { size } = await handle.stat();
      if (size > limit) {
        throw new CodecLmError(
          'TOKENIZER_INVALID',
          `reading ${path}: ${size} bytes, a tokenizer has at most ${limit}`,
          { path },
        );
      }
      return await readFile(handle);
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw readError(error, path);
  }
}

function parseJson<Schema extends z.ZodType>(schema: Schema, text: string, path: string) {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new CodecLmError('TOKENIZER_INVALID', `${path} is not JSON: ${messageOf(error)}`, {
      cause: error,
      path,
    });
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const { path: keys, message } = result.error.issues[0];
  throw new CodecLmError(
    'TOKENIZER_INVALID',
    `${path}: ${keys.join('.') || 'the file'}: ${message}`,
    {
      cause: result.error,
      path,
      hint: 'a BPE over bytes written as the characters U+2800 to U+28FF is expected, with no normalizer or pre-tokenizer',
    },
  );
}
