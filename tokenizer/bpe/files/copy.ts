/** A tokenizer's files beside a model that is given away. */
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CodecLmError } from '../../../base/error.ts';
import { writeError } from '../../../base/file-error.ts';
import { copySmallFile } from '../../../base/files.ts';
import { readTokenizer } from './huggingface.ts';
import { tokenizerJson } from './json.ts';

const FILE = 'tokenizer.json';
const COMPANIONS = ['tokenizer_config.json', 'special_tokens_map.json'];

/**
 * Copies the files that exist. A `tokenizer.json` of the first release, which puts `<eos>` behind
 * prompts, is written anew without that; everybody else's stays as it is, byte for byte.
 * @throws CodecLmError of the file system: `INPUT_UNREADABLE`, `OUTPUT_UNWRITABLE`, `DISK_FULL`
 */
export async function copyTokenizer(from: string, to: string): Promise<void> {
  for (const name of [FILE, ...COMPANIONS]) {
    if (existsSync(join(from, name))) await copySmallFile(join(from, name), join(to, name));
  }
  if (!existsSync(join(from, FILE))) return;
  const own = await readTokenizer(from).catch((error) => {
    // What is no tokenizer of ours may be a model's all the same.
    if (error instanceof CodecLmError) return undefined;
    throw error;
  });
  if (own?.surround !== 'bos-eos') return;
  const path = join(to, FILE);
  await writeFile(path, tokenizerJson(own.merges, own.vocabulary)).catch((error) => {
    throw writeError(error, path);
  });
}
