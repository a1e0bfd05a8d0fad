/**
 * The lists of a plan while they are made. On a disk they appear together, by a rename. In object
 * storage they are put one by one, which nobody reads before plan.json is there.
 */
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeError } from '../../base/file-error.ts';
import { makeFolder } from '../../base/files.ts';
import type { Lock } from '../../base/lock/lock.ts';
import { isRemote, storageAt } from '../../base/storage/index.ts';
import { paths, writeText } from '../files.ts';

/** Lists that are on their way to the storage at once; each has about a hundred kilobytes. */
const AT_ONCE = 16;

type Checked = Pick<Lock, 'check'>;

export interface PlanDraft {
  /** Path for the spool, on this machine. */
  readonly spool: string;
  /** Makes room for the lists. */
  begin(lock: Checked): Promise<void>;
  write(name: string, text: string): Promise<void>;
  /** Gives the lists their place; only plan.json is missing then. */
  publish(lock: Checked): Promise<void>;
  /** @param isLost whether another process may have its own draft there now */
  remove(isLost: boolean): Promise<void>;
}

/** @throws CodecLmError `DISK_FULL` … */
export async function draftPlan(out: string): Promise<PlanDraft> {
  if (!isRemote(out)) return localDraft(out);
  const prefix = join(tmpdir(), 'codec-lm-plan-');
  const folder = await mkdtemp(prefix).catch((error) => {
    throw writeError(error, prefix, 'making a temporary folder');
  });
  return remoteDraft(out, folder);
}

function localDraft(out: string): PlanDraft {
  const lists = join(paths.draft(out), 'lists');
  return {
    spool: join(paths.draft(out), 'spool'),
    begin: () => makeFolder(lists),
    write: async (name, text) => writeList(join(lists, `${name}.tsv`), text),
    async publish(lock) {
      await lock.check();
      await rm(paths.lists(out), { recursive: true, force: true });
      await rename(lists, paths.lists(out));
    },
    async remove(isLost) {
      if (!isLost) await rm(paths.draft(out), { recursive: true, force: true });
    },
  };
}

function remoteDraft(out: string, folder: string): PlanDraft {
  const pending = new Set<Promise<void>>();
  let failed: { error: unknown } | undefined;
  const throwFailed = () => {
    if (failed) throw failed.error;
  };
  return {
    spool: join(folder, 'spool'),
    async begin(lock) {
      await lock.check();
      // Lists of an earlier plan that was not finished may be more than those of this one.
      await storageAt(out).removeAll(paths.lists(out));
    },
    async write(name, text) {
      if (pending.size >= AT_ONCE) await Promise.race(pending);
      throwFailed();
      const put = writeText(paths.list(out, name), text)
        .catch((error) => {
          failed ??= { error };
        })
        .finally(() => pending.delete(put));
      pending.add(put);
    },
    async publish() {
      await Promise.all(pending);
      throwFailed();
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

function writeList(path: string, text: string): void {
  try {
    const file = openSync(path, 'w');
    const bytes = Buffer.from(text);
    for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done);
    fsyncSync(file);
    closeSync(file);
  } catch (error) {
    throw writeError(error, path);
  }
}
