/** Ranks that share a list of independent tasks: who takes which, on how many cores. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { availableParallelism, hostname } from 'node:os';
import { CodecLmError } from '../../base/error.ts';
import type { Communicator } from './communicator.ts';
import { openCommunicator } from './open.ts';

/** The most threads that an engine takes. */
const MAX_CORES = 64;

/**
 * Runs `work` in the group of ranks that this process was launched in. A rank that fails says which
 * it is and ends the others.
 * @throws CodecLmError `MPI_UNAVAILABLE`; what `work` throws
 */
export async function withRanks<T>(work: (communicator: Communicator) => Promise<T>): Promise<T> {
  // Ranks wait as long as the slowest works: a rank that dies ends the others through MPI.
  const communicator = await openCommunicator(Number.POSITIVE_INFINITY);
  const { rank, size } = communicator;
  try {
    const result = await work(communicator);
    await communicator.close();
    return result;
  } catch (error) {
    throw size > 1 ? inNameOf(error, rank, size) : error;
  }
}

/** The same error, saying which rank failed. */
export function inNameOf(error: unknown, rank: number, size: number): unknown {
  if (!(error instanceof CodecLmError)) return error;
  const { code, message, path, hint, cause } = error;
  return new CodecLmError(code, `rank ${rank} of ${size}: ${message}`, { path, hint, cause });
}

/**
 * Every rank does the same work, the others after rank 0: a mistake that all of them would find is
 * reported once. Collective.
 */
export async function rankZeroFirst<T>(
  communicator: Communicator,
  work: () => Promise<T>,
): Promise<T> {
  if (communicator.rank > 0) await communicator.barrier();
  const result = await work();
  if (communicator.rank === 0) await communicator.barrier();
  return result;
}

/** Every `size`-th task, beginning with that of the rank's number. */
export function tasksOfRank<T>(
  tasks: readonly T[],
  { rank, size }: Pick<Communicator, 'rank' | 'size'>,
): T[] {
  return tasks.filter((_, i) => i % size === rank);
}

/**
 * Cores for each rank, where several share a machine. Collective.
 * @returns undefined for a rank that is alone: it may take all
 */
export async function coresOfRank(communicator: Communicator): Promise<number | undefined> {
  const { rank, size } = communicator;
  if (size === 1) return undefined;
  // Launchers may bind each rank to cores of its own; then no other rank has the same set.
  const place = `${hostname()} ${await allowedCores()}`;
  const hash = createHash('sha256').update(place).digest().readUIntBE(0, 3);
  const places = await communicator.allGather(Float32Array.of(hash), new Array(size).fill(1));
  const sharing = places.filter((other) => other === places[rank]).length;
  return Math.min(MAX_CORES, Math.max(1, Math.floor(availableParallelism() / sharing)));
}

/** The set of cores that this process may run on, as Linux writes it; elsewhere empty. */
async function allowedCores(): Promise<string> {
  const status = await readFile('/proc/self/status', 'utf8').catch(() => '');
  return status.match(/^Cpus_allowed_list:\s*(.+)$/m)?.[1] ?? '';
}
