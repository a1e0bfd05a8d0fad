/** Locks as other processes leave them: dead, elsewhere, silent. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { formatHolder, lockName, newHolder } from '../../base/lock/record.ts';
import type { Holder } from '../../schemas/lock.ts';

/**
 * Leaves the file of a holder; it is this process but for what is given.
 * @returns its path
 */
export async function leaveHolder(folder: string, fields: Partial<Holder> = {}): Promise<string> {
  const { rank = 0, size = 1 } = fields;
  const holder: Holder = { ...newHolder({ rank, size }), state: 'holds', ...fields };
  await mkdir(folder, { recursive: true });
  const path = join(folder, lockName(holder));
  await writeFile(path, formatHolder(holder));
  return path;
}

/** The one holder of a lock, as its file says it. */
export async function readHolder(folder: string): Promise<Holder> {
  const [name] = await readdir(folder);
  return JSON.parse(await readFile(join(folder, name), 'utf8'));
}
