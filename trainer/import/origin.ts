/** Where an imported model came from: its files, with the hash of each. */
import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { readError } from '../../base/file-error.ts';
import type { ImportOrigin } from '../../schemas/checkpoint.ts';

/** Files that decide what the model computes and writes, beside its weights. */
const OTHERS = [
  'config.json',
  'generation_config.json',
  'tokenizer.model',
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
];

/**
 * Reads all of the files.
 * @param weights paths of the files of weights, their index among them
 * @throws CodecLmError `INPUT_NOT_FOUND`, `INPUT_UNREADABLE`
 */
export async function importOriginOf(
  dir: string,
  weights: readonly string[],
  signal?: AbortSignal,
): Promise<ImportOrigin> {
  const others = OTHERS.map((name) => join(dir, name)).filter((path) => existsSync(path));
  const files = [];
  for (const path of [...others, ...weights]) files.push(await fileOf(path, signal));
  return { formatVersion: 1, from: dir, files };
}

async function fileOf(path: string, signal?: AbortSignal) {
  const hash = createHash('sha256');
  let bytes = 0;
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20 })) {
      signal?.throwIfAborted();
      hash.update(chunk as Buffer);
      bytes += (chunk as Buffer).length;
    }
  } catch (error) {
    throw readError(error, path);
  }
  return { name: basename(path), bytes, sha256: hash.digest('hex') };
}
