/** Lists the inputs of a folder and of all folders below it. */
import type { Dirent, Stats } from 'node:fs';
import { opendir, stat } from 'node:fs/promises';
import { reasonOf } from '../../base/error.ts';
import { type ByteString, bytesOf, extensionOf, join } from '../plan/byte-strings.ts';
import { listArchive } from './archive.ts';
import { isArchiveName } from './compressed.ts';
import { type Input, isInputName, type ListingContext } from './source.ts';

/**
 * Lists real folders first, then those behind symbolic links, each only once. So loops end, and the
 * name of a folder does not depend on the order of the disk.
 */
export async function* listFolder(
  source: number,
  base: ByteString,
  context: ListingContext,
): AsyncGenerator<Input> {
  const links: ByteString[] = [];
  yield* walk('', false);
  while (links.length > 0) {
    links.sort();
    yield* walk(links.shift()!, true);
  }

  async function* walk(folder: ByteString, isLink: boolean): AsyncGenerator<Input> {
    const path = folder === '' ? base : join(base, folder);
    if (path === context.excluded || !(await isFirstVisit(path, isLink, context))) return;
    const folders: ByteString[] = [];
    for await (const entry of entriesOf(path, context)) {
      const name = join(folder, entry.name);
      const kind = await kindOf(join(path, entry.name), entry);
      if (kind === 'folder') folders.push(name);
      else if (kind === 'folder link') links.push(name);
      else if (kind === 'other') context.report.problem(join(path, entry.name), 'not a file');
      else yield* listFile(source, base, name, context);
    }
    for (const child of folders.sort()) yield* walk(child, false);
  }
}

/** Lists a file by its name: an archive, an input, or neither. */
export async function* listFile(
  source: number,
  base: ByteString,
  path: ByteString,
  context: ListingContext,
): AsyncGenerator<Input> {
  const extension = extensionOf(path);
  if (isArchiveName(path, context.extensions)) {
    yield* listArchive(source, join(base, path), context, path);
  } else if (isInputName(path, extension, context)) yield { source, path };
  else context.report.ignored(extension);
}

async function isFirstVisit(
  path: ByteString,
  isLink: boolean,
  { visited, report }: ListingContext,
): Promise<boolean> {
  let found: Stats;
  try {
    found = await stat(bytesOf(path));
  } catch (error) {
    report.unread(path, reasonOf(error));
    return false;
  }
  const identity = `${found.dev}:${found.ino}`;
  if (visited.has(identity)) {
    if (isLink) report.problem(path, 'a link to a folder that was listed already');
    return false;
  }
  visited.add(identity);
  return true;
}

async function* entriesOf(
  path: ByteString,
  { report, signal }: ListingContext,
): AsyncGenerator<Dirent> {
  try {
    const directory = await opendir(bytesOf(path) as unknown as string, {
      encoding: 'latin1',
      bufferSize: 1024,
    });
    for await (const entry of directory) {
      signal?.throwIfAborted();
      yield entry;
    }
  } catch (error) {
    if (signal?.aborted) throw error;
    report.unread(path, reasonOf(error));
  }
}

type Kind = 'file' | 'folder' | 'folder link' | 'other';

async function kindOf(path: ByteString, entry: Dirent): Promise<Kind> {
  if (entry.isFile()) return 'file';
  if (entry.isDirectory()) return 'folder';
  if (!entry.isSymbolicLink()) return 'other';
  const target = await stat(bytesOf(path)).catch(() => undefined);
  // A dangling link stays an input: reading it fails with its name and an error code.
  if (!target || target.isFile()) return 'file';
  return target.isDirectory() ? 'folder link' : 'other';
}
