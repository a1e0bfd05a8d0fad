/** Checkpoints of a training: TO/training/step-00000250. */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { removeUnfinishedFolders, writeFolderAtomically } from '../../../../base/atomic-folder.ts';
import { CodecLmError } from '../../../../base/error.ts';
import { readError } from '../../../../base/file-error.ts';
import { namesIn } from '../../../../base/files.ts';
import { readSafetensors, writeSafetensors } from '../../../../base/safetensors/safetensors.ts';
import type { Weights } from '../../../../base/safetensors/weights.ts';
import type { CodebookState } from './codebook.ts';

const MODEL_FILE = 'model.safetensors';
const OPTIMIZER_FILE = 'optimizer.safetensors';
const STATE_FILE = 'state.json';
const NAME = /^step-(\d{8})$/;
const KEPT = 2;

const stateSchema = z.strictObject({
  step: z.int().min(1),
  /** What the training depends on: options, architecture, pictures. */
  key: z.string(),
  /** The codebook's moving averages, which need more than the 32 bits of safetensors. */
  counts: z.array(z.number()),
  sums: z.array(z.number()),
});

export interface Checkpoint {
  path: string;
  step: number;
  key: string;
  weights: Weights;
  optimizer: Weights;
  codebook: CodebookState;
}

const CODES = 'codes';

/** Writes a checkpoint and removes older ones but the last before it. */
export async function saveVqCheckpoint(
  dir: string,
  checkpoint: Omit<Checkpoint, 'path'>,
  check: () => Promise<void>,
): Promise<void> {
  const { step, key, weights, optimizer, codebook } = checkpoint;
  const path = join(dir, `step-${String(step).padStart(8, '0')}`);
  const { vectors, counts, sums } = codebook;
  await writeFolderAtomically(
    path,
    async (aside) => {
      const book = { shape: [counts.length, vectors.length / counts.length], data: vectors };
      await writeSafetensors(join(aside, MODEL_FILE), new Map([...weights, [CODES, book]]));
      await writeSafetensors(join(aside, OPTIMIZER_FILE), optimizer);
      const state = { step, key, counts: [...counts], sums: [...sums] };
      await writeFile(join(aside, STATE_FILE), `${JSON.stringify(state)}\n`);
    },
    check,
  );
  const older = (await stepsIn(dir)).filter((other) => other.step < step);
  for (const { name } of older.slice(0, Math.max(0, older.length + 1 - KEPT))) {
    await rm(join(dir, name), { recursive: true, force: true });
  }
}

/**
 * The newest checkpoint; undefined where there is none.
 * @throws CodecLmError `CHECKPOINT_INVALID`
 */
export async function newestCheckpoint(dir: string): Promise<Checkpoint | undefined> {
  await removeUnfinishedFolders(dir);
  const newest = (await stepsIn(dir)).at(-1);
  if (!newest) return undefined;
  const path = join(dir, newest.name);
  const { tensors: weights } = await readSafetensors(join(path, MODEL_FILE));
  const { tensors: optimizer } = await readSafetensors(join(path, OPTIMIZER_FILE));
  const { counts, sums, ...state } = await readState(join(path, STATE_FILE));
  const book = weights.get(CODES);
  weights.delete(CODES);
  if (!book || book.data.length !== sums.length || book.shape[0] !== counts.length) {
    throw new CodecLmError('CHECKPOINT_INVALID', `${path} holds no codebook of ${counts.length}`, {
      path,
      hint: 'remove that folder to go on from the one before',
    });
  }
  const codebook = {
    vectors: book.data,
    counts: Float64Array.from(counts),
    sums: Float64Array.from(sums),
  };
  return { path, ...state, weights, optimizer, codebook };
}

async function stepsIn(dir: string): Promise<{ name: string; step: number }[]> {
  const found = (await namesIn(dir)).flatMap((name) => {
    const step = NAME.exec(name)?.[1];
    return step === undefined ? [] : [{ name, step: Number(step) }];
  });
  return found.sort((a, b) => a.step - b.step);
}

async function readState(path: string) {
  const text = await readFile(path, 'utf8').catch((error) => {
    throw readError(error, path);
  });
  try {
    return stateSchema.parse(JSON.parse(text));
  } catch (cause) {
    const message = `${path} is no state of a training`;
    throw new CodecLmError('CHECKPOINT_INVALID', message, { cause, path });
  }
}
