/** Copies a dataset from object storage, or from anywhere, once: every file is checked as it arrives. */
import { createHash } from 'node:crypto';
import { CodecLmError } from '../../base/error.ts';
import { makeFolder } from '../../base/files.ts';
import { joinPlace, parentOf, storageAt, writePlace } from '../../base/storage/index.ts';
import { CARD_FILE, type Manifest } from '../../schemas/dataset.ts';
import type { FetchEvent } from '../events.ts';
import { MANIFEST_FILE, readManifest, writeManifest } from './manifest.ts';

export interface FetchOptions {
  /** Folder to copy to. Files in it that are right already are kept, so a stopped copy goes on. */
  to: string;
  /** Stops before the next file. */
  signal?: AbortSignal;
  onEvent?(event: FetchEvent): void;
}

interface Wanted {
  file: string;
  bytes?: number;
  sha256?: string;
}

/** Fetches that are tried again: a copy may be damaged on its way. */
const TRIES = 3;

/**
 * Copies shards, documents, the plan, what was left out, failures, the tokenizer and the card; dataset.json last, so that a
 * copy that was stopped is no dataset.
 * @returns the number of files that were copied, without those that were there
 * @throws CodecLmError `DATASET_INVALID` for a file that is not the one of the manifest; the errors of
 *   openDataset
 */
export async function fetchDataset(dir: string, options: FetchOptions): Promise<number> {
  const manifest = await readManifest(dir);
  const wanted = await filesOf(dir, manifest);
  const { to, signal, onEvent } = options;
  let copied = 0;
  for (const [done, entry] of wanted.entries()) {
    if (signal?.aborted) return copied;
    onEvent?.({ type: 'fetch', file: entry.file, done, total: wanted.length });
    const target = joinPlace(to, entry.file);
    if (await isRight(target, entry)) continue;
    await makeFolder(parentOf(target));
    await copy(joinPlace(dir, entry.file), target, entry);
    copied++;
  }
  await writeManifest(to, manifest);
  onEvent?.({ type: 'fetch', file: MANIFEST_FILE, done: wanted.length, total: wanted.length });
  return copied;
}

async function filesOf(dir: string, manifest: Manifest): Promise<Wanted[]> {
  const listed: Wanted[] = [...manifest.shards, ...manifest.documents];
  if (manifest.card) listed.push({ file: CARD_FILE, ...manifest.card });
  const known = new Set([...listed.map(({ file }) => file), MANIFEST_FILE]);
  const others: Wanted[] = [];
  for await (const { name, size } of storageAt(dir).listAll(dir)) {
    const isOurs = /^(plan|filtered|failures|stats)\/|^[\w.-]+\.(json|md|model)$/.test(name);
    if (isOurs && !known.has(name)) others.push({ file: name, bytes: size });
  }
  return [...listed, ...others.sort((a, b) => (a.file < b.file ? -1 : 1))];
}

/** Whether a file of an earlier copy is the wanted one. */
async function isRight(path: string, { bytes, sha256 }: Wanted): Promise<boolean> {
  const found = await storageAt(path).find(path);
  if (!found || found.isFolder || found.size !== bytes) return false;
  return sha256 === undefined || (await hashOf(path)) === sha256;
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of storageAt(path).stream(path)) hash.update(chunk);
  return hash.digest('hex');
}

async function copy(from: string, to: string, { file, sha256 }: Wanted): Promise<void> {
  for (let tries = 1; ; tries++) {
    let isSame = true;
    await writePlace(to, async (output) => {
      for await (const chunk of storageAt(from).stream(from)) await output.write(chunk);
      isSame = sha256 === undefined || output.hashSoFar() === sha256;
      if (!isSame && tries === TRIES) {
        const message = `${from}: its sha256 is not that of the manifest`;
        throw new CodecLmError('DATASET_INVALID', message, { path: file });
      }
    });
    if (isSame) return;
  }
}
