/** How much is in flight. */
import { availableParallelism } from 'node:os';

/** Two batches for each core keep it busy while a third kind of work (packing, the disk) goes on. */
const LANES_PER_WORKER = 2;

/** @param workers CPU cores to keep busy; all there are when not given */
export function defaultLanes(workers = availableParallelism()): number {
  return workers * LANES_PER_WORKER;
}
