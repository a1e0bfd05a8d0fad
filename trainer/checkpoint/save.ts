/**
 * Saves a checkpoint of a run: a model that Hugging Face loads, and everything that an exact resume
 * needs besides.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFolderAtomically } from '../../base/atomic-folder.ts';
import { writeError } from '../../base/file-error.ts';
import type { Lock } from '../../base/lock/lock.ts';
import { streamSafetensors } from '../../base/safetensors/safetensors.ts';
import type { CheckpointCodec, RunState } from '../../schemas/run.ts';
import type { Communicator } from '../distributed/communicator.ts';
import type { Training } from '../distributed/training.ts';
import { CODEC_FILE, OPTIMIZER_FILE, STATE_FILE } from './files.ts';
import { saveWeights } from './huggingface.ts';

/** The state of a run between two steps, as a checkpoint holds it. */
export interface CheckpointSnapshot {
  /** Folder to write, such as `RUN/checkpoints/step-00000100`. */
  path: string;
  state: RunState;
  training: Training;
  /** Folder whose tokenizer is copied. */
  tokenizerDir: string;
  codec: CheckpointCodec;
  /** The ranks, which may share weights and moments; rank 0 writes. */
  communicator: Communicator;
  /** The lock, in rank 0; it is checked right before the folder gets its name. */
  lock?: Pick<Lock, 'check'>;
}

/**
 * Saves a checkpoint. The folder gets its name when all of it is on the disk, so an interrupted
 * save never damages an earlier one. The files are the same for any number of ranks. Collective.
 * @returns the path of the folder
 * @throws CodecLmError `DISK_FULL`, `OUTPUT_UNWRITABLE`; `LOCK_LOST` when another process writes the run
 */
export async function saveCheckpoint(snapshot: CheckpointSnapshot): Promise<string> {
  const { path, communicator, training, lock } = snapshot;
  if (communicator.rank === 0) {
    try {
      const check = async () => lock?.check();
      await writeFolderAtomically(path, (aside) => writeAll(aside, snapshot), check);
    } catch (error) {
      throw writeError(error, path, 'saving the checkpoint');
    }
  } else {
    // Rank 0 requests the other ranks' shares, one after the other.
    for await (const _ of training.weights());
    for await (const _ of training.moments());
  }
  // All ranks wait until it exists.
  await communicator.barrier();
  return path;
}

async function writeAll(folder: string, snapshot: CheckpointSnapshot): Promise<void> {
  const { training, tokenizerDir, codec, state } = snapshot;
  await saveWeights(folder, training.model.config, training.weights(), { tokenizerDir });
  await streamSafetensors(join(folder, OPTIMIZER_FILE), {
    shapes: training.momentShapes(),
    tensors: training.moments(),
  });
  await writeJson(join(folder, CODEC_FILE), codec);
  await writeJson(join(folder, STATE_FILE), state);
}

function writeJson(path: string, value: unknown): Promise<void> {
  return writeFile(path, `${JSON.stringify(value, null, 2)}\n`);
}
