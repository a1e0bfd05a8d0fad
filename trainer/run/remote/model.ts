/** The newest complete checkpoint of a run in object storage, or a checkpoint there, as a folder of this machine. */
import { createHash } from 'node:crypto';
import { mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeError } from '../../../base/file-error.ts';
import { isFolder } from '../../../base/files.ts';
import { isRemote } from '../../../base/storage/index.ts';
import { OPTIMIZER_FILE } from '../../checkpoint/files.ts';
import {
  completeSteps,
  downloadCheckpoint,
  notComplete,
  readMarker,
  remoteCheckpoint,
} from './checkpoints.ts';

/**
 * Fetches what a sampler needs: all but the moments. It is kept under the temporary folder by the hash of its
 * content, so the next command need not fetch it.
 * @param place a path of this machine, which is given back, or `s3://…`
 * @throws CodecLmError `INPUT_NOT_FOUND` when nothing complete is there; `CHECKPOINT_INVALID`
 */
export async function localCheckpoint(place: string): Promise<string> {
  if (!isRemote(place)) return place;
  const found = (await readMarker(place)) ? place : await newestIn(place);
  const marker = JSON.stringify(await readMarker(found));
  const hash = createHash('sha256').update(marker).digest('hex').slice(0, 24);
  const folder = join(tmpdir(), `codec-lm-checkpoint-${hash}`);
  if (await isFolder(folder)) return folder;
  const aside = await mkdtemp(`${folder}-`).catch((error) => {
    throw writeError(error, folder, 'making a temporary folder');
  });
  try {
    await downloadCheckpoint(found, aside, (name) => name !== OPTIMIZER_FILE);
    await rename(aside, folder).catch(async (error) => {
      // Another process may have fetched it meanwhile.
      if (!(await isFolder(folder))) throw writeError(error, folder);
    });
    return folder;
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
}

async function newestIn(run: string): Promise<string> {
  const step = (await completeSteps(run)).at(-1);
  if (step === undefined) throw notComplete(run);
  return remoteCheckpoint(run, step);
}
