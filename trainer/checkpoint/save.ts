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
import type { RankedOptimizer } from '../distributed/ranked.ts';
import type { Llama } from '../model/llama.ts';
import { CODEC_FILE, OPTIMIZER_FILE, STATE_FILE } from './files.ts';
import { saveModel } from './huggingface.ts';

/** The state of a run between two steps, as a checkpoint holds it. */
export interface CheckpointSnapshot {
  /** Folder to write, such as `RUN/checkpoints/step-00000100`. */
  path: string;
  state: RunState;
  model: Llama;
  optimizer: RankedOptimizer;
  /** Folder whose tokenizer is copied. */
  tokenizerDir: string;
  codec: CheckpointCodec;
  /** The ranks, which may share the moments; rank 0 writes. */
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
  const { path, communicator, optimizer, lock } = snapshot;
  if (communicator.rank === 0) {
    try {
      const check = async () => lock?.check();
      await writeFolderAtomically(path, (aside) => writeAll(aside, snapshot), check);
    } catch (error) {
      throw writeError(error, path, 'saving the checkpoint');
    }
  } else {
    // Rank 0 requests the other ranks' shares of the moments, one after the other.
    for await (const _ of optimizer.moments());
  }
  // All ranks wait until it exists.
  await communicator.barrier();
  return path;
}

async function writeAll(folder: string, snapshot: CheckpointSnapshot): Promise<void> {
  const { model, optimizer, tokenizerDir, codec, state } = snapshot;
  await saveModel(folder, model, { tokenizerDir });
  await streamSafetensors(join(folder, OPTIMIZER_FILE), {
    shapes: optimizer.momentShapes(),
    tensors: optimizer.moments(),
  });
  await writeJson(join(folder, CODEC_FILE), codec);
  await writeJson(join(folder, STATE_FILE), state);
}

function writeJson(path: string, value: unknown): Promise<void> {
  return writeFile(path, `${JSON.stringify(value, null, 2)}\n`);
}
