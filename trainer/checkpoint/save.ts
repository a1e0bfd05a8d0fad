/** A checkpoint of a run: a model that Hugging Face loads, and beside it all that an exact resume needs. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileError } from '../../base/error.ts';
import { type RunState, STATE_VERSION } from '../../schemas/run.ts';
import type { Session } from '../fit/session.ts';
import { checkpointPath } from '../run/directory.ts';
import { writeFolderAside } from './aside.ts';
import { CODEC_FILE, OPTIMIZER_FILE, STATE_FILE } from './files.ts';
import { saveModel } from './huggingface.ts';
import { streamSafetensors } from './safetensors.ts';

/**
 * Saves the state after `session.step`. The folder gets its name when all of it is on the disk,
 * so an interrupted save never spoils an earlier one. The same for any number of ranks. Collective.
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
    loader: session.dataState,
    tokenizerHash: session.data.datasets[0].manifest.tokenizerHash,
    backend: session.backend.name,
  };
  const { communicator, optimizer } = session;
  if (communicator.rank === 0) {
    try {
      await writeFolderAside(path, (aside) => writeAll(aside, session, state));
    } catch (error) {
      throw fileError(error, 'saving the checkpoint', path);
    }
  } else {
    // Their share of the moments is asked for, one after the other.
    for await (const _ of optimizer.moments());
  }
  // Nobody goes on before it is there.
  await communicator.barrier();
  session.checkpoint = path;
  session.checkpointStep = session.step;
  return path;
}

async function writeAll(folder: string, session: Session, state: RunState): Promise<void> {
  const { model, optimizer, data, codec } = session;
  await saveModel(folder, model, { tokenizerDir: data.datasets[0].tokenizerDir });
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
