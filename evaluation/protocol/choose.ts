/** The pictures of an evaluation: chosen by a seed, with the class that their folder names. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import pLimit from 'p-limit';
import { CodecLmError } from '../../base/error.ts';
import { readError } from '../../base/file-error.ts';
import { permutation, randomIntegers } from '../../base/random.ts';
import type { ChosenPicture } from '../../schemas/protocol.ts';
import { listPictures } from '../pictures/list.ts';

/** Files that are read at once. */
const AT_ONCE = 4;

export interface PictureChoice {
  readonly num: number;
  readonly seed: number;
}

/**
 * The same pictures for the same seed, in the order of their names.
 * @returns at most `num`, with the hash of each file's content
 * @throws CodecLmError `INPUT_NOT_FOUND`, `INPUT_EMPTY`; `PICTURES_TOO_FEW` for a single picture
 */
export async function choosePictures(
  folder: string,
  { num, seed }: PictureChoice,
): Promise<ChosenPicture[]> {
  const names = (await listPictures(folder)).map((path) =>
    relative(folder, path).split(sep).join('/'),
  );
  if (names.length < 2) {
    throw new CodecLmError(
      'PICTURES_TOO_FEW',
      `${folder} holds one picture; a distance needs two or more`,
      { path: folder, hint: 'name a folder with more pictures' },
    );
  }
  const order = permutation(names.length, randomIntegers(seed));
  const chosen = [...order.subarray(0, num)].sort((a, b) => a - b).map((i) => names[i]);
  // A picture beside folders belongs to no class, and then none does.
  const hasClasses = chosen.every((name) => name.includes('/'));
  const limit = pLimit(AT_ONCE);
  return Promise.all(
    chosen.map((name) =>
      limit(async () => ({
        name,
        sha256: hashOf(await readPicture(folder, name)),
        ...(hasClasses && { class: name.slice(0, name.indexOf('/')) }),
      })),
    ),
  );
}

/**
 * A chosen picture's file.
 * @throws CodecLmError `INPUT_NOT_FOUND`, `INPUT_UNREADABLE`; `OUTPUT_IN_USE` when it is another one than
 *   was chosen
 */
export async function readChosen(
  folder: string,
  { name, sha256 }: ChosenPicture,
): Promise<Uint8Array> {
  const file = await readPicture(folder, name);
  if (hashOf(file) === sha256) return file;
  const path = join(folder, name);
  throw new CodecLmError('OUTPUT_IN_USE', `${path} has changed since the evaluation was begun`, {
    path,
    hint: 'put the first file back, or begin another evaluation in another folder',
  });
}

export function hashOf(...parts: (Uint8Array | string)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}

async function readPicture(folder: string, name: string): Promise<Uint8Array> {
  const path = join(folder, name);
  return readFile(path).catch((error) => {
    throw readError(error, path);
  });
}
