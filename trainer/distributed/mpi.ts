/**
 * Ranks over MPI. It uses the non-blocking collectives of MPI 3 and polls them, so that signals are
 * handled while a rank waits, and so that waiting can time out.
 */
import { writeSync } from 'node:fs';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { CodecLmError } from '../../base/error.ts';
import type { Communicator, Numbers, Reduction } from './communicator.ts';
import type { MpiHandle, MpiLibrary } from './mpi-library.ts';

/** MPI_THREAD_SINGLE: all calls come from JavaScript's single thread. */
const THREAD_SINGLE = 0;
/** A collective that takes longer is polled less often, so that another rank can use the core. */
const SPIN_MS = 20;
/** Longest error message of any implementation (MPI_MAX_ERROR_STRING). */
const MAX_ERROR_STRING = 1024;

export class MpiCommunicator implements Communicator {
  readonly rank: number;
  readonly size: number;
  readonly #mpi: MpiLibrary;
  readonly #handle: MpiHandle;
  readonly #waitSeconds: number;
  readonly #onExit: (code: number) => void;

  /**
   * @param waitSeconds how long a rank waits for the others before it gives up
   * @param group some of the ranks; default: all of them, and MPI is started
   * @throws CodecLmError `MPI_UNAVAILABLE` when MPI does not start
   */
  constructor(mpi: MpiLibrary, waitSeconds: number, group?: MpiHandle) {
    this.#mpi = mpi;
    this.#waitSeconds = waitSeconds;
    const { functions, constants } = mpi;
    const number = new Int32Array(1);
    if (group === undefined) {
      this.#check(functions.MPI_Init_thread(null, null, THREAD_SINGLE, number), 'MPI_Init');
    }
    this.#handle = group ?? constants.world;
    this.#check(
      functions.MPI_Comm_set_errhandler(this.#handle, constants.errorsReturn),
      'MPI_Comm_set_errhandler',
    );
    this.#check(functions.MPI_Comm_rank(this.#handle, number), 'MPI_Comm_rank');
    this.rank = number[0];
    this.#check(functions.MPI_Comm_size(this.#handle, number), 'MPI_Comm_size');
    this.size = number[0];
    this.#onExit = (code) => functions.MPI_Abort(constants.world, code || 1);
    if (group !== undefined) return;
    // If this process ends before `close` in any way, the others must not wait for it.
    process.once('exit', this.#onExit);
    // Node prints an uncaught error only after `exit`, which is too late: MPI_Abort does not
    // return.
    process.once('uncaughtExceptionMonitor', this.#onUncaught);
  }

  async allReduce(values: Numbers, reduction: Reduction = 'sum'): Promise<void> {
    const { functions, constants } = this.#mpi;
    const { inPlace } = constants;
    await this.#complete('allReduce', values, (request) =>
      functions.MPI_Iallreduce(
        ...([inPlace, values, values.length, this.#typeOf(values)] as const),
        ...([constants[reduction], this.#handle, request] as const),
      ),
    );
  }

  async reduceScatter(
    values: Float32Array,
    counts: readonly number[],
    part = new Float32Array(counts[this.rank]),
  ): Promise<Float32Array> {
    const { functions, constants } = this.#mpi;
    const lengths = Int32Array.from(counts);
    await this.#complete('reduceScatter', [values, part, lengths], (request) =>
      functions.MPI_Ireduce_scatter(
        ...([values, part, lengths, constants.float] as const),
        ...([constants.sum, this.#handle, request] as const),
      ),
    );
    return part;
  }

  async allGather(
    part: Float32Array,
    counts: readonly number[],
    all = new Float32Array(counts.reduce((sum, count) => sum + count, 0)),
  ): Promise<Float32Array> {
    const { functions, constants } = this.#mpi;
    const lengths = Int32Array.from(counts);
    const starts = new Int32Array(counts.length);
    for (let i = 1; i < starts.length; i++) starts[i] = starts[i - 1] + lengths[i - 1];
    await this.#complete('allGather', [part, all, lengths, starts], (request) =>
      functions.MPI_Iallgatherv(
        ...([part, part.length, constants.float] as const),
        ...([all, lengths, starts, constants.float, this.#handle, request] as const),
      ),
    );
    return all;
  }

  async broadcast(values: Numbers, root: number): Promise<void> {
    const { functions } = this.#mpi;
    const type = this.#typeOf(values);
    await this.#complete('broadcast', values, (request) =>
      functions.MPI_Ibcast(values, values.length, type, root, this.#handle, request),
    );
  }

  async split(group: number): Promise<Communicator> {
    const { functions, constants } = this.#mpi;
    // MPI waits in this call without a time limit: make sure that all ranks arrive together.
    await this.barrier();
    const made = typeof constants.world === 'bigint' ? new BigUint64Array(1) : new Int32Array(1);
    const status = functions.MPI_Comm_split(this.#handle, group, this.rank, made);
    this.#check(status, 'MPI_Comm_split');
    return new MpiCommunicator(this.#mpi, this.#waitSeconds, made[0]);
  }

  async barrier(): Promise<void> {
    const { functions } = this.#mpi;
    await this.#complete('barrier', undefined, (request) =>
      functions.MPI_Ibarrier(this.#handle, request),
    );
  }

  async close(): Promise<void> {
    // MPI_Finalize waits too, without a time limit: make sure that all ranks arrive together.
    await this.barrier();
    this.#check(this.#mpi.functions.MPI_Finalize(), 'MPI_Finalize');
    process.off('exit', this.#onExit);
    process.off('uncaughtExceptionMonitor', this.#onUncaught);
  }

  readonly #onUncaught = (error: Error) => {
    writeSync(process.stderr.fd, `rank ${this.rank} of ${this.size}: ${error.stack ?? error}\n`);
  };

  #typeOf(values: Numbers) {
    const { float, double } = this.#mpi.constants;
    return values instanceof Float32Array ? float : double;
  }

  /** @param memory arrays that MPI is using; the reference keeps them from being collected */
  async #complete(
    what: string,
    memory: unknown,
    begin: (request: BigUint64Array) => number,
  ): Promise<void> {
    const { functions, constants } = this.#mpi;
    const request = new BigUint64Array(1);
    const isDone = new Int32Array(1);
    const started = performance.now();
    this.#check(begin(request), what);
    for (;;) {
      this.#check(functions.MPI_Test(request, isDone, constants.statusIgnore), what);
      if (isDone[0] !== 0) return void memory;
      const waited = performance.now() - started;
      if (waited > this.#waitSeconds * 1000) throw this.#waitedInVain(what);
      if (waited < SPIN_MS) await setImmediate();
      else await setTimeout(1);
    }
  }

  #waitedInVain(what: string): CodecLmError {
    return new CodecLmError(
      'RANK_FAILED',
      `rank ${this.rank} waited ${this.#waitSeconds} s for the other ${this.size - 1} in ${what}`,
      {
        hint: 'a rank has died or hangs: see its messages above; start again with `resume`',
      },
    );
  }

  #check(status: number, what: string): void {
    if (status === 0) return;
    const text = Buffer.alloc(MAX_ERROR_STRING);
    const length = new Int32Array(1);
    this.#mpi.functions.MPI_Error_string(status, text, length);
    throw new CodecLmError(
      'RANK_FAILED',
      `${what} failed in ${this.#mpi.name}: ${text.toString('utf8', 0, length[0])}`,
      { hint: 'a rank or its machine may have failed; start again with `resume`' },
    );
  }
}
