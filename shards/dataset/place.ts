/**
 * Recognizes a folder or file that was named in place of another, by names alone, to say what to
 * do.
 */

import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { shellWord } from '../../base/shell.ts';
import { isRemote, storageAt } from '../../base/storage/index.ts';
import { allCodecs } from '../../tokenizer/index.ts';

export interface Place {
  kind:
    | 'dataset'
    | 'unfinished'
    | 'run'
    | 'checkpoint'
    | 'tokenizer'
    | 'media'
    | 'file'
    | 'unknown';
  /** As in `photos is a folder of 64 images`; empty when it is not known. */
  what: string;
  /** For a folder of media files, the command that makes a dataset of it. */
  command?: string;
}

const UNKNOWN: Place = { kind: 'unknown', what: '' };

/** Entries of a folder of media that are looked at: more would only say how many there are. */
const MOST_ENTRIES = 10_000;
const DEEPEST = 3;

/** @returns kind `unknown` for what is not there or cannot be looked at */
export async function placeAt(path: string): Promise<Place> {
  try {
    if (isRemote(path)) return await remoteAt(path);
    if (!(await stat(path)).isDirectory()) return fileAt(path);
    const names = new Set(await readdir(path));
    return folderOf(names) ?? (await mediaIn(path));
  } catch {
    return UNKNOWN;
  }
}

async function remoteAt(place: string): Promise<Place> {
  const storage = storageAt(place);
  if (!(await storage.find(place))?.isFolder) return fileAt(place);
  return folderOf(new Set(await storage.names(place))) ?? UNKNOWN;
}

function folderOf(names: ReadonlySet<string>): Place | undefined {
  const hasWeights = [...names].some((name) =>
    /^(model.*\.safetensors|pytorch_model.*\.bin)/.test(name),
  );
  if (names.has('dataset.json')) return { kind: 'dataset', what: 'a dataset' };
  if (names.has('plan.json')) return { kind: 'unfinished', what: 'a dataset that is not finished' };
  if (names.has('config.yaml') && (names.has('checkpoints') || names.has('metrics.jsonl'))) {
    return { kind: 'run', what: 'a run of the trainer' };
  }
  if (names.has('config.json') && hasWeights) return { kind: 'checkpoint', what: 'a checkpoint' };
  if (names.has('tokenizer.json')) return { kind: 'tokenizer', what: 'a tokenizer' };
  return undefined;
}

function fileAt(path: string): Place {
  const nouns: Record<string, string> = {
    '.parquet': 'a shard',
    '.safetensors': 'a file of weights',
    '.tar': 'an archive',
  };
  const extension = extname(path).toLowerCase();
  const codec = allCodecs().find(({ extensions }) => extensions.has(extension));
  const what = nouns[extension] ?? (codec ? `a file, as it seems of ${codec.noun}s` : 'a file');
  return { kind: 'file', what };
}

/** The kind of most of the files, down to a few levels of folders. */
async function mediaIn(path: string): Promise<Place> {
  const extensions = new Map<string, number>();
  const folders = [{ folder: path, depth: 0 }];
  let looked = 0;
  for (let next = folders.shift(); next && looked < MOST_ENTRIES; next = folders.shift()) {
    const { folder, depth } = next;
    const entries: Dirent[] = await readdir(folder, { withFileTypes: true }).catch(() => []);
    for (const entry of entries) {
      looked++;
      if (entry.isDirectory() && depth < DEEPEST) {
        folders.push({ folder: join(folder, entry.name), depth: depth + 1 });
      }
      const extension = extname(entry.name).toLowerCase();
      if (entry.isFile()) extensions.set(extension, 1 + (extensions.get(extension) ?? 0));
    }
  }
  const counts = allCodecs().map((codec) => ({
    codec,
    count: [...codec.extensions].reduce((sum, name) => sum + (extensions.get(name) ?? 0), 0),
  }));
  const [most] = counts.sort((a, b) => b.count - a.count);
  if (most === undefined || most.count === 0) return UNKNOWN;
  const { media, noun } = most.codec;
  const number = looked < MOST_ENTRIES ? String(most.count) : `${MOST_ENTRIES} or more`;
  const out = `${basename(path)}-dataset`;
  return {
    kind: 'media',
    what: `a folder of ${number} ${most.count === 1 ? noun : media}`,
    command: `pipeline run ${media} ${shellWord(path)} --out ${shellWord(out)}`,
  };
}

/** Hint for a path that should be a dataset but is something else. */
export function hintForDataset(path: string, { kind, command }: Place): string | undefined {
  switch (kind) {
    case 'media':
      return `make a dataset of it first, with \`${command}\`, and name that`;
    case 'unfinished':
      return `dataset.json is written last: run the same \`pipeline run\` command again to finish it; \`pipeline status ${shellWord(path)}\` shows what is left`;
    case 'run':
      return 'name the dataset that it was trained on: its data.json says where that is';
    case 'checkpoint':
      return 'name a dataset; a checkpoint to start from is named by `init`';
    case 'tokenizer':
      return 'a dataset is made with it by `pipeline run images SRC --tokenizer DIR --out DS`';
    case 'file':
      return 'name the dataset directory, the one that holds dataset.json';
    default:
      return undefined;
  }
}
