/**
 * Checkpoints of a run in object storage. There are no renames: the files are put one by one, and
 * complete.json last. A checkpoint without it is one whose upload was stopped, and does not count.
 */
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { CodecLmError } from '../../../base/error.ts';
import { readError, writeError } from '../../../base/file-error.ts';
import { makeFolder } from '../../../base/files.ts';
import type { Lock } from '../../../base/lock/lock.ts';
import { joinPlace, storageAt, writePlace } from '../../../base/storage/index.ts';
import { type CompleteCheckpoint, completeCheckpointSchema } from '../../../schemas/run.ts';
import { checkpointName, stepOfCheckpoint } from '../directory.ts';

const MARKER = 'complete.json';
/** Fetches of a file that are tried: a copy may be damaged on its way. */
const TRIES = 3;

export function remoteCheckpoint(run: string, step: number): string {
  return joinPlace(run, 'checkpoints', checkpointName(step));
}

/** Steps of the complete checkpoints of a run, ascending. */
export async function completeSteps(run: string): Promise<number[]> {
  const folder = joinPlace(run, 'checkpoints');
  const steps: number[] = [];
  for (const name of await storageAt(run).names(folder)) {
    const step = stepOfCheckpoint(name);
    if (step !== undefined && (await readMarker(joinPlace(folder, name)))) steps.push(step);
  }
  return steps.sort((a, b) => a - b);
}

/**
 * @returns undefined when the checkpoint is not complete
 * @throws CodecLmError `CHECKPOINT_INVALID` for a marker that was changed
 */
export async function readMarker(place: string): Promise<CompleteCheckpoint | undefined> {
  const path = joinPlace(place, MARKER);
  if (!(await storageAt(path).find(path))) return undefined;
  const text = (await storageAt(path).read(path)).toString('utf8');
  try {
    return completeCheckpointSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new CodecLmError('CHECKPOINT_INVALID', `${path} is damaged or was changed by hand`, {
      cause,
      path,
    });
  }
}

/**
 * Puts a checkpoint of this machine into object storage.
 * @throws CodecLmError `LOCK_LOST` when another process writes the run; those of the storage
 */
export async function uploadCheckpoint(
  folder: string,
  place: string,
  lock: Pick<Lock, 'check'>,
): Promise<void> {
  const storage = storageAt(place);
  await lock.check();
  // An earlier checkpoint of this step must not count while its files are replaced.
  await storage.remove(joinPlace(place, MARKER));
  const files: CompleteCheckpoint['files'] = [];
  for (const name of (await readdir(folder)).sort()) {
    await lock.check();
    files.push({ name, ...(await putFile(join(folder, name), joinPlace(place, name))) });
  }
  const marker: CompleteCheckpoint = { formatVersion: 1, files };
  await lock.check();
  const path = joinPlace(place, MARKER);
  const isOurs = await storage.putIfAbsent(
    path,
    Buffer.from(`${JSON.stringify(marker, null, 1)}\n`),
  );
  if (isOurs) return;
  throw new CodecLmError('LOCK_LOST', `${path}: another process has put this checkpoint`, { path });
}

/** Puts a file of this machine. */
export function putFile(from: string, to: string): Promise<{ bytes: number; sha256: string }> {
  return writePlace(
    to,
    async (output) => {
      try {
        for await (const chunk of createReadStream(from, { highWaterMark: 1 << 20 })) {
          await output.write(chunk as Buffer);
        }
      } catch (error) {
        throw error instanceof CodecLmError ? error : readError(error, from);
      }
    },
    { hashed: true },
  );
}

/**
 * Fetches a complete checkpoint, checked by its hashes.
 * @param isWanted which of its files
 * @throws CodecLmError `INPUT_NOT_FOUND` when it is not complete; `CHECKPOINT_INVALID` for a file that
 *   is not the one of the marker
 */
export async function downloadCheckpoint(
  place: string,
  folder: string,
  isWanted: (name: string) => boolean = () => true,
): Promise<void> {
  const marker = await readMarker(place);
  if (!marker) throw notComplete(place);
  await makeFolder(folder);
  for (const entry of marker.files.filter(({ name }) => isWanted(name))) {
    await fetchFile(joinPlace(place, entry.name), join(folder, entry.name), entry.sha256);
  }
}

export function notComplete(place: string): CodecLmError {
  return new CodecLmError('INPUT_NOT_FOUND', `${place} holds no complete checkpoint`, {
    path: place,
    hint: `a checkpoint in object storage has a ${MARKER}, which \`trainer fit --out s3://…\` puts last; copy any other to a disk`,
  });
}

async function fetchFile(from: string, to: string, sha256: string): Promise<void> {
  for (let tries = 1; ; tries++) {
    let isSame = true;
    await writePlace(to, async (output) => {
      for await (const chunk of storageAt(from).stream(from)) await output.write(chunk);
      isSame = output.hashSoFar() === sha256;
    }).catch((error) => {
      throw error instanceof CodecLmError ? error : writeError(error, to);
    });
    if (isSame) return;
    if (tries < TRIES) continue;
    const message = `${from}: its sha256 is not the one that complete.json says`;
    throw new CodecLmError('CHECKPOINT_INVALID', message, { path: from });
  }
}

/** Removes a checkpoint: its marker first, so that no part of it counts. */
export async function removeCheckpoint(place: string): Promise<void> {
  await storageAt(place).remove(joinPlace(place, MARKER));
  await storageAt(place).removeAll(place);
}
