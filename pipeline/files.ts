/** Paths of the files in a dataset directory, and functions to read and write them. */
import type { z } from 'zod';
import { CodecLmError } from '../base/error.ts';
import {
  isRemote,
  joinPlace as join,
  remoteStorage,
  storageAt,
  writePlace,
} from '../base/storage/index.ts';

/** Paths in a dataset directory; `name` is that of a partition, e.g. `part-00000`. */
export const paths = {
  plan: (out: string) => join(out, 'plan.json'),
  lists: (out: string) => join(out, 'plan'),
  list: (out: string, name: string) => join(out, 'plan', `${name}.tsv`),
  retry: (out: string, round: number) => join(out, 'plan', `retry-${numbered(round)}.json`),
  extension: (out: string, round: number) => join(out, 'plan', `extend-${numbered(round)}.json`),
  draft: (out: string) => join(out, 'plan.tmp'),
  filtered: (out: string, name: string) => join(out, 'filtered', `${name}.jsonl`),
  missingClips: (out: string, name: string) => join(out, 'filtered', `${name}-clips.jsonl`),
  surveys: (out: string) => join(out, 'curation'),
  survey: (out: string, name: string) => join(out, 'curation', `${name}.json`),
  tokenizer: (out: string) => join(out, 'tokenizer.json'),
  shard: (out: string, name: string) => join(out, 'shards', `${name}.parquet`),
  documents: (out: string, name: string) => join(out, 'documents', `${name}.parquet`),
  tails: (out: string) => join(out, 'tails'),
  tail: (out: string, name: string) => join(out, 'tails', `${name}.json`),
  failures: (out: string, name: string) => join(out, 'failures', `${name}.jsonl`),
  stats: (out: string, name: string) => join(out, 'stats', `${name}.json`),
  locks: (out: string) => join(out, 'locks'),
};

/** Folders that a run fills. */
export const WORK_FOLDERS = ['shards', 'documents', 'tails', 'failures', 'stats'];

export function numbered(index: number): string {
  return String(index).padStart(5, '0');
}

export async function writeText(path: string, text: string): Promise<void> {
  await writePlace(path, (file) => file.write(Buffer.from(text)));
}

export async function writeJson(path: string, value: unknown): Promise<void> {
  await writeText(path, jsonText(value));
}

export function jsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 1)}\n`;
}

/** @returns undefined when the file does not exist */
export async function readText(path: string): Promise<string | undefined> {
  try {
    return (await storageAt(path).read(path)).toString('utf8');
  } catch (error) {
    if (error instanceof CodecLmError && error.code === 'INPUT_NOT_FOUND') return undefined;
    throw error;
  }
}

/**
 * @returns undefined when the file does not exist
 * @throws CodecLmError `DATASET_INVALID` when the content does not match the schema
 */
export async function readJson<Schema extends z.ZodType>(
  path: string,
  schema: Schema,
): Promise<z.output<Schema> | undefined> {
  const text = await readText(path);
  if (text === undefined) return undefined;
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    throw new CodecLmError('DATASET_INVALID', `${path} is damaged or was changed by hand`, {
      cause: error,
      path,
    });
  }
}

/**
 * Removes half-written files of these partitions that a killed process left.
 * @param isOurs decides by the name of a partition; files of its held-out documents belong to it
 * too
 */
export async function removeLeftovers(
  out: string,
  isOurs: (name: string) => boolean,
): Promise<void> {
  if (isRemote(out)) return abortUploads(out, isOurs);
  for (const folder of [...WORK_FOLDERS, 'filtered']) {
    for (const file of await storageAt(out).names(join(out, folder))) {
      const leftover = /^\.(?:part|val)-(\d+)(?:-clips)?\..*\.tmp$/.exec(file);
      if (leftover && isOurs(`part-${leftover[1]}`))
        await storageAt(out).remove(join(out, folder, file));
    }
  }
}

/** Object storage has no half-written objects, but parts of uploads, which cost money. */
async function abortUploads(out: string, isOurs: (name: string) => boolean): Promise<void> {
  await remoteStorage().abortUploads(out, (name) => {
    const upload = /(?:part|val)-(\d+)(?:-clips)?\.\w+$/.exec(name);
    return upload !== null && isOurs(`part-${upload[1]}`);
  });
}
