/** Samples that several ranks have written, brought together in rank 0 for the sheet and the page. */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { replaceFile } from '../../base/atomic-file.ts';
import { readError, writeError } from '../../base/file-error.ts';
import type { Communicator } from '../distributed/communicator.ts';
import type { WrittenSample } from './output.ts';

/**
 * By way of files in the folder that all ranks write into, which are gone afterwards. Collective.
 * @param written by this rank
 * @returns in rank 0 those of all ranks, in the order of their numbers; in others their own
 * @throws CodecLmError of the file system
 */
export async function gatherWritten(
  folder: string,
  written: readonly WrittenSample[],
  communicator: Communicator,
): Promise<WrittenSample[]> {
  const { rank, size } = communicator;
  if (rank > 0) await replaceFile(partPath(folder, rank), serialize(written));
  await communicator.barrier();
  const all = [...written];
  if (rank > 0) return all;
  for (let other = 1; other < size; other++) {
    const path = partPath(folder, other);
    const part = await readFile(path).catch((error) => {
      throw readError(error, path);
    });
    all.push(...(deserialize(part) as WrittenSample[]));
    await rm(path).catch((error) => {
      throw writeError(error, path);
    });
  }
  return all.sort((a, b) => a.sample.sample - b.sample.sample);
}

function partPath(folder: string, rank: number): string {
  return join(folder, `.rank-${rank}.part`);
}
