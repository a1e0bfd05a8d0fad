/** Resolves the SRC arguments, and lists all inputs that they name. */
import { stat } from 'node:fs/promises';
import { CodecLmError } from '../../base/error.ts';
import { readError } from '../../base/file-error.ts';
import { isRemote, parsePlace, storageAt } from '../../base/storage/index.ts';
import type { Listing } from '../../schemas/plan.ts';
import {
  absolute,
  type ByteString,
  bytesOf,
  escapePath,
  fromText,
  textPlace,
  unescapePath,
} from '../plan/byte-strings.ts';
import { listNamed } from './archive.ts';
import { listBucket } from './bucket.ts';
import { listFolder } from './folder.ts';
import { isTable, listTable, listText } from './list.ts';
import { baseOf, type Input, type ListingContext, type ListingReport } from './source.ts';

/** Most problems that are kept; further ones are counted in a last entry. */
const MAX_PROBLEMS = 100;

/**
 * Converts SRC arguments to the form in plan.json.
 * @throws CodecLmError `INPUT_NOT_FOUND` for the first one that does not exist
 */
export async function resolveSources(args: readonly string[]): Promise<string[]> {
  if (args.length === 0) {
    throw new CodecLmError('USAGE', 'no SRC given', {
      hint: 'name a folder, a file, an archive or `@list.txt`, or a table by `list`',
    });
  }
  return Promise.all(args.map(resolveSource));
}

async function resolveSource(arg: string): Promise<string> {
  const isList = arg.startsWith('@');
  const named = parsePlace(isList ? arg.slice(1) : arg, 'SRC');
  const path = absolute(fromText(named)).replace(/(?<=.)\/+$/, '');
  try {
    const isFolder = await isFolderAt(path);
    if (isList && isFolder) {
      throw new CodecLmError('INPUT_NOT_FOUND', `${arg}: a folder, not a text list`, {
        hint: 'leave the @ out to take every image of the folder',
      });
    }
  } catch (error) {
    if (error instanceof CodecLmError) throw error;
    throw readError(error, isList ? arg.slice(1) : arg, 'listing');
  }
  return (isList ? '@' : '') + escapePath(path);
}

/** @throws an error of the system, or CodecLmError, when nothing is there */
async function isFolderAt(path: ByteString): Promise<boolean> {
  if (!isRemote(path)) return (await stat(bytesOf(path))).isDirectory();
  const place = textPlace(path);
  const found = await storageAt(place).find(place);
  if (found) return found.isFolder;
  throw new CodecLmError('INPUT_NOT_FOUND', `listing ${place}: no such object or prefix`, {
    path: place,
  });
}

/**
 * Lists all inputs of all sources, source by source.
 * @param first index of the first source that is listed
 */
export async function* listInputs(
  sources: readonly string[],
  context: ListingContext,
  first = 0,
): AsyncGenerator<Input> {
  for (const [i, source] of sources.slice(first).entries()) {
    const index = first + i;
    const base = baseOf(source);
    if (source.startsWith('@')) {
      const list = unescapePath(source.slice(1));
      if (isTable(list, context)) yield* listTable(index, list, context);
      else yield* listText(index, list, base, context);
    } else if (await isFolderAt(base)) {
      const lister = isRemote(base) ? listBucket : listFolder;
      yield* lister(index, base, context);
    } else {
      yield* listNamed(index, base, context);
    }
  }
}

/** Collects the reports of the listers, up to a limit. */
export class ListingLog implements ListingReport {
  readonly listing: Listing = { ignored: {}, duplicates: 0, problems: [] };
  #more = 0;

  ignored(extension: string): void {
    const key = extension === '' ? 'hidden' : escapePath(extension);
    this.listing.ignored[key] = (this.listing.ignored[key] ?? 0) + 1;
  }

  problem(path: ByteString, problem: string): void {
    if (this.listing.problems.length < MAX_PROBLEMS) {
      this.listing.problems.push({ path: escapePath(path), problem });
      return;
    }
    this.#more++;
    this.listing.problems[MAX_PROBLEMS - 1] = { path: '…', problem: `${this.#more + 1} more` };
  }
  unread(path: ByteString, problem: string): void {
    this.listing.unread = (this.listing.unread ?? 0) + 1;
    this.problem(path, problem);
  }
}
