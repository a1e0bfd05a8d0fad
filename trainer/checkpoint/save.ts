/** A checkpoint of a run: a model that Hugging Face loads, and beside it all that an exact resume needs. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFolderAtomically } from '../../base/atomic-folder.ts';
import { writeError } from '../../base/file-error.ts';
import type { Lock } from '../../base/lock/lock.ts';
import type { CheckpointCodec, RunState } from '../../schemas/run.ts';
import type { Communicator } from '../distributed/communicator.ts';
import type { RankedOptimizer } from '../distributed/ranked.ts';
import type { Llama } from '../model/llama.ts';
import { CODEC_FILE, OPTIMIZER_FILE, STATE_FILE } from './files.ts';
import { saveModel } from './huggingface.ts';
import { streamSafetensors } from './safetensors.ts';

/** All that a checkpoint holds, as it stands between two steps. */
export interface CheckpointSnapshot {
  /** Folder to write, `RUN/checkpoints/step-00000100`. */
  path: string;
  state: RunState;
  model: Llama;
  optimizer: RankedOptimizer;
  /** The folder whose tokenizer is copied. */
  tokenizerDir: string;
  codec: CheckpointCodec;
  /** Its ranks have shares of the moments; rank 0 writes. */
  communicator: Communicator;
  /** Of rank 0: checked right before the folder gets its name. */
  lock?: Pick<Lock, 'check'>;
}

/**
 * The folder gets its name when all of it is on the disk, so an interrupted save never spoils an
 * earlier one. The same for any number of ranks. Collective.
 * @returns its path
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
    // Their share of the moments is asked for, one after the other.
    for await (const _ of optimizer.moments());
  }
  // Nobody goes on before it is there.
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
