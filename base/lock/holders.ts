/** Lists the holders of a lock for people: one look, from any machine. */
import { OLD_STALE_MS, STALE_MS } from './judge.ts';
import { lockStoreOf } from './object-store.ts';
import { lifeOf } from './process.ts';
import { type Found, parseEntry, type Ranks } from './record.ts';

export interface HolderSummary extends Ranks {
  host: string;
  pid: number;
}

/**
 * A process that cannot be seen from here is listed when this machine's clock says that its file
 * was written lately. That is good enough for a list; nothing else depends on it.
 */
export async function holdersOf(folder: string): Promise<HolderSummary[]> {
  const store = lockStoreOf(folder);
  const holders: HolderSummary[] = [];
  for (const name of await store.list()) {
    const entry = await store.read(name);
    const found = entry && parseEntry(entry);
    const who = found?.holder ?? found?.old;
    if (!found || !who || !isShown(found)) continue;
    const { host, pid, rank, size } = who;
    holders.push({ host, pid, rank, size });
  }
  return holders;
}

function isShown({ holder, modified }: Found): boolean {
  const age = Date.now() - modified;
  if (!holder) return age < OLD_STALE_MS;
  if (holder.state === 'wants') return false;
  const life = lifeOf(holder);
  return life === 'unknown' ? age < STALE_MS : life !== 'dead';
}
