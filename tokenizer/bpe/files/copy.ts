/** Copies a tokenizer's files beside an exported model. */
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CodecLmError } from '../../../base/error.ts';
import { writeError } from '../../../base/file-error.ts';
import { copySmallFile } from '../../../base/files.ts';
import { isRemote, joinPlace, storageAt } from '../../../base/storage/index.ts';
import { MODEL_FILE } from '../../sentencepiece/tokenizer.ts';
import { readTokenizer } from './huggingface.ts';
import { tokenizerJson } from './json.ts';

const FILE = 'tokenizer.json';
const OTHERS = [
  MODEL_FILE,
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
];

/**
 * Copies the files that exist. A `tokenizer.json` of the first release puts `<eos>` behind prompts;
 * it is rewritten without that. Every other file is copied byte for byte.
 * @throws CodecLmError `INPUT_UNREADABLE`, `OUTPUT_UNWRITABLE`, `DISK_FULL`
 */
export async function copyTokenizer(from: string, to: string): Promise<void> {
  for (const name of [FILE, ...OTHERS]) {
    const file = joinPlace(from, name);
    if (!(await isThere(file))) continue;
    if (isRemote(file)) await fetchFile(file, join(to, name));
    else await copySmallFile(file, join(to, name));
  }
  if (!(await isThere(joinPlace(from, FILE)))) return;
  const own = await readTokenizer(from).catch((error) => {
    // A file that is not a tokenizer of this project may still belong to a model.
    if (error instanceof CodecLmError) return undefined;
    throw error;
  });
  if (own?.surround !== 'bos-eos') return;
  const path = join(to, FILE);
  await writeFile(path, tokenizerJson(own.merges, own.vocabulary)).catch((error) => {
    throw writeError(error, path);
  });
}

async function isThere(file: string): Promise<boolean> {
  return isRemote(file) ? (await storageAt(file).find(file)) !== undefined : existsSync(file);
}

async function fetchFile(from: string, to: string): Promise<void> {
  const content = await storageAt(from).read(from);
  await writeFile(to, content).catch((error) => {
    throw writeError(error, to);
  });
}
