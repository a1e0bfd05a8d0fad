/**
 * A run whose directory lies in object storage. A folder of this machine holds what a run on a disk
 * would have; each checkpoint is put when it is complete here, and what goes on is fetched first.
 */
import { createHash } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CodecLmError, messageOf } from '../../../base/error.ts';
import { makeFolder } from '../../../base/files.ts';
import { type Lock, type LockWait, takeLock } from '../../../base/lock/lock.ts';
import {
  joinPlace,
  parentOf,
  remoteStorage,
  storageAt,
  writePlace,
} from '../../../base/storage/index.ts';
import type { FitEvent } from '../../events.ts';
import { checkpointPath, stepsToPrune } from '../directory.ts';
import { LOCK_FOLDER } from '../lock.ts';
import {
  completeSteps,
  downloadCheckpoint,
  putFile,
  remoteCheckpoint,
  removeCheckpoint,
  uploadCheckpoint,
} from './checkpoints.ts';

/** Files of a run beside its checkpoints; config.yaml makes it a run, so it is put last. */
const FILES = /^(metrics\.jsonl|data\.json|tensorboard\/[^/]+|config\.yaml)$/;
const CONFIG = 'config.yaml';

export interface RemoteRunOptions {
  /** `s3://bucket/prefix` */
  place: string;
  rank: number;
  resume: boolean;
  signal?: AbortSignal;
  emit: (event: FitEvent) => void;
}

type Pruning = Parameters<typeof stepsToPrune>[1];

export class RemoteRun {
  readonly place: string;
  /** The folder of this machine. */
  readonly folder: string;
  /** Held by rank 0. */
  readonly #lock?: Lock;

  private constructor(place: string, folder: string, lock?: Lock) {
    this.place = place;
    this.folder = folder;
    this.#lock = lock;
  }

  /**
   * Locks the run and fetches what a resumed one needs.
   * @throws CodecLmError `OUTPUT_IN_USE` when the place holds a run and `resume` is false, anything
   *   else, or a run that another process writes
   */
  static async open({ place, rank, resume, signal, emit }: RemoteRunOptions): Promise<RemoteRun> {
    const folder = folderFor(place, rank);
    let lock: Lock | undefined;
    if (rank === 0) {
      lock = await takeLock({
        folder: joinPlace(place, LOCK_FOLDER),
        what: place,
        signal,
        onWait: (wait: LockWait) => emit({ type: 'lock-wait', ...wait }),
      });
    }
    const run = new RemoteRun(place, folder, lock);
    try {
      const isThere = await holdsRemoteRun(place, resume);
      // Nobody else writes the run: parts of uploads are those of a process that was killed.
      if (rank === 0) await remoteStorage().abortUploads(place, () => true);
      await rm(folder, { recursive: true, force: true });
      await mkdir(folder, { recursive: true, mode: 0o700 });
      if (isThere) await run.#fetch(emit);
      return run;
    } catch (error) {
      await run.close();
      throw error;
    }
  }

  /** Aborted when another process takes the run over. */
  get signal(): AbortSignal | undefined {
    return this.#lock?.signal;
  }

  /** Path of a checkpoint as it is told to a person. */
  placeOf(checkpoint: string): string {
    return joinPlace(this.place, 'checkpoints', checkpoint.split('/').at(-1)!);
  }

  /** Puts a new checkpoint, then removes those that are not to be kept. Rank 0 calls it. */
  async saved(step: number, pruning: Pruning): Promise<void> {
    const lock = this.#lock!;
    await this.saveFiles();
    const place = remoteCheckpoint(this.place, step);
    await uploadCheckpoint(checkpointPath(this.folder, step), place, lock);
    for (const old of stepsToPrune(await completeSteps(this.place), pruning)) {
      await lock.check();
      await removeCheckpoint(remoteCheckpoint(this.place, old));
    }
  }

  /** Puts metrics, configuration and logs as they are now. */
  async saveFiles(): Promise<void> {
    const entries = await readdir(this.folder, { recursive: true });
    const names = entries.filter((name) => FILES.test(name));
    for (const name of names.sort((a, b) => Number(a === CONFIG) - Number(b === CONFIG))) {
      await this.#lock!.check();
      await putFile(join(this.folder, name), joinPlace(this.place, name));
    }
  }

  /** Releases the lock and removes the folder of this machine. */
  async close(): Promise<void> {
    await this.#lock?.release();
    await rm(this.folder, { recursive: true, force: true });
  }

  async #fetch(emit: (event: FitEvent) => void): Promise<void> {
    for await (const { name } of storageAt(this.place).listAll(this.place)) {
      if (FILES.test(name)) await fetchSmall(joinPlace(this.place, name), join(this.folder, name));
    }
    for (const step of (await completeSteps(this.place)).reverse()) {
      const checkpoint = remoteCheckpoint(this.place, step);
      const folder = checkpointPath(this.folder, step);
      try {
        await downloadCheckpoint(checkpoint, folder);
        return;
      } catch (error) {
        const isDamaged = error instanceof CodecLmError && error.code === 'CHECKPOINT_INVALID';
        if (!isDamaged) throw error;
        await rm(folder, { recursive: true, force: true });
        emit({ type: 'skip-checkpoint', checkpoint, reason: messageOf(error) });
      }
    }
  }
}

/** One folder for each run and rank: ranks on one machine do not share what they fetch. */
function folderFor(place: string, rank: number): string {
  const hash = createHash('sha256').update(place).digest('hex').slice(0, 16);
  return join(tmpdir(), `codec-lm-run-${hash}-${rank}`);
}

async function holdsRemoteRun(place: string, resume: boolean): Promise<boolean> {
  const names = (await storageAt(place).names(place)).filter((name) => name !== LOCK_FOLDER);
  if (names.length === 0) return false;
  if (!names.includes(CONFIG)) {
    throw new CodecLmError(
      'OUTPUT_IN_USE',
      `${place} is not empty and holds no run of the trainer`,
      {
        path: place,
        hint: 'name another prefix as `out`',
      },
    );
  }
  if (resume) return true;
  throw new CodecLmError('OUTPUT_IN_USE', `${place} already holds a run`, {
    path: place,
    hint: 'continue it with `resume`, or name another prefix as `out`',
  });
}

async function fetchSmall(from: string, to: string): Promise<void> {
  await makeFolder(parentOf(to));
  await writePlace(to, async (output) => {
    for await (const chunk of storageAt(from).stream(from)) await output.write(chunk);
  });
}
