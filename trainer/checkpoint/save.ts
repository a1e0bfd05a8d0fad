/** A checkpoint of a run: a model that Hugging Face loads, and beside it all that an exact resume needs. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileError } from '../../schemas/error.ts';
import { type RunState, STATE_VERSION } from '../../schemas/run.ts';
import { checkpointPath } from '../run-directory.ts';
import { CODEC_FILE } from '../sample/codec.ts';
import type { Session } from '../session.ts';
import { writeFolderAside } from './aside.ts';
import { saveModel } from './huggingface.ts';
import { writeSafetensors } from './safetensors.ts';

export const OPTIMIZER_FILE = 'optimizer.safetensors';
export const STATE_FILE = 'state.json';

/**
 * Saves the state after `session.step`. The folder gets its name when all of it is on the disk,
 * so an interrupted save never spoils an earlier one.
 * @returns its path
 * @throws CodecLmError `DISK_FULL`, `OUTPUT_UNWRITABLE`
 */
export async function saveCheckpoint(session: Session): Promise<string> {
  const path = checkpointPath(session.run, session.step);
  const state: RunState = {
    formatVersion: STATE_VERSION,
    step: session.step,
    tokensSeen: session.tokensSeen,
    tokenCounts: Array.from(session.tokenCounts.counts),
    loader: session.loaderState,
    tokenizerHash: session.dataset.manifest.tokenizerHash,
    backend: session.backend.name,
  };
  try {
    await writeFolderAside(path, async (aside) => {
      await saveModel(aside, session.model, session.dataset.tokenizerDir);
      const { tensors } = await session.optimizer.state();
      await writeSafetensors(join(aside, OPTIMIZER_FILE), tensors);
      await writeJson(join(aside, CODEC_FILE), session.codec);
      await writeJson(join(aside, STATE_FILE), state);
    });
  } catch (error) {
    throw fileError(error, 'saving the checkpoint', path);
  }
  session.checkpoint = path;
  session.checkpointStep = session.step;
  return path;
}

function writeJson(path: string, value: unknown): Promise<void> {
  return writeFile(path, `${JSON.stringify(value, null, 2)}\n`);
}
