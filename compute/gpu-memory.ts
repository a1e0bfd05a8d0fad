/**
 * Memory that this process holds on its GPU, read from NVIDIA's tool, because TensorFlow's C
 * interface does not report it.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Backend } from './choose.ts';

const run = promisify(execFile);
const QUERY = ['--query-compute-apps=pid,used_memory', '--format=csv,noheader,nounits'];
/** Interval between queries; each takes a tenth of a second of another core. */
const EVERY_MS = 30_000;

export class GpuMemory {
  /**
   * Bytes; undefined without a GPU, before the first answer, or if the tool cannot see this
   * process.
   */
  bytes?: number;
  readonly #isOnGpu: boolean;
  #askedAt = Number.NEGATIVE_INFINITY;

  constructor({ device }: Backend) {
    this.#isOnGpu = device === 'gpu';
  }

  /** Starts a query now and then, and does not wait for the answer. */
  refresh(): void {
    const now = performance.now();
    if (!this.#isOnGpu || now - this.#askedAt < EVERY_MS) return;
    this.#askedAt = now;
    run('nvidia-smi', QUERY, { timeout: 10_000 }).then(
      ({ stdout }) => {
        this.bytes = parseUsedMemory(stdout, process.pid);
      },
      // No tool: the number stays unknown.
      () => undefined,
    );
  }
}

/** @param csv lines of `pid, MiB` */
function parseUsedMemory(csv: string, pid: number): number | undefined {
  const rows = csv.split('\n').map((line) => line.split(',').map(Number));
  const mine = rows.filter(([id, mib]) => id === pid && Number.isFinite(mib));
  if (mine.length === 0) return undefined;
  return mine.reduce((sum, [, mib]) => sum + mib, 0) * 2 ** 20;
}
