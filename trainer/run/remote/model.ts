/** The newest complete checkpoint of a run in object storage, or a checkpoint there, as a folder of this machine. */
import { createHash } from 'node:crypto';
import { mkdtemp, rename, rm } from 'node:fs/promises';
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
import { fetchedFolder, removeAbandoned, removeAtExit } from './fetched.ts';

/**
 * Fetches what a sampler needs: all but the moments. It lies in the temporary folder, once for each process,
 * which removes it when it ends.
 * @param place a path of this machine, which is given back, or `s3://…`
 * @throws CodecLmError `INPUT_NOT_FOUND` when nothing complete is there; `CHECKPOINT_INVALID`
 */
export async function localCheckpoint(place: string): Promise<string> {
  if (!isRemote(place)) return place;
  const found = (await readMarker(place)) ? place : await newestIn(place);
  const marker = JSON.stringify(await readMarker(found));
  const hash = createHash('sha256').update(marker).digest('hex').slice(0, 24);
  const folder = fetchedFolder(hash);
  if (await isFolder(folder)) return folder;
  await removeAbandoned();
  const aside = await mkdtemp(`${folder}-`).catch((error) => {
    throw writeError(error, folder, 'making a temporary folder');
  });
  removeAtExit(aside);
  removeAtExit(folder);
  try {
    await downloadCheckpoint(found, aside, (name) => name !== OPTIMIZER_FILE);
    await rename(aside, folder).catch(async (error) => {
      // Another part of this process may have fetched it meanwhile.
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
