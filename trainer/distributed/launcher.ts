/** Finds out whether MPI started this process, and the names of its library. */
import { fstatSync } from 'node:fs';
import { relative } from 'node:path';
import { CodecLmError } from '../../base/error.ts';
import { findLauncher, type MpiFamily } from '../../base/launcher.ts';

type Env = Readonly<Record<string, string | undefined>>;

export interface Launch {
  /** Number of processes that were launched together; undefined if only MPI itself knows. */
  size?: number;
  speaks: MpiFamily;
}

/** @returns undefined for a process that no MPI launcher started, or that was launched alone */
export function findLaunch(env: Env = process.env): Launch | undefined {
  const { size, speaks } = findLauncher(env) ?? {};
  return speaks === undefined || size === 1 ? undefined : { size, speaks };
}

/**
 * Hydra, and Slurm with PMI-1 or PMI-2, talk to each rank over an inherited socket, PMI_FD. Node
 * does not pass such a socket on to its children: after `npx` it is closed, and MPI would end the
 * process with messages about PMI_fd.
 * @throws CodecLmError `MPI_UNAVAILABLE` that says which command to start instead
 */
export function checkConnection(env: Env = process.env): void {
  const descriptor = env.PMI_FD;
  if (descriptor === undefined || isSocket(Number.parseInt(descriptor, 10))) return;
  const [, program = 'bin/trainer.js'] = process.argv;
  const nearby = relative(process.cwd(), program);
  throw new CodecLmError(
    'MPI_UNAVAILABLE',
    `this rank has lost its launcher: descriptor ${descriptor} (PMI_FD) is not an open socket`,
    {
      hint: `npx closes it; start Node itself: mpirun -np N node ${nearby.startsWith('..') ? program : nearby} …`,
    },
  );
}

function isSocket(descriptor: number): boolean {
  try {
    return fstatSync(descriptor).isSocket();
  } catch {
    return false;
  }
}

const NAMES: Readonly<Record<MpiFamily, readonly string[]>> = {
  openmpi: ['libmpi.so.40', 'libmpi.so', 'libmpi.dylib'],
  // MPICH, Intel MPI, MVAPICH and Cray MPI share ABI number 12.
  mpich: ['libmpich.so.12', 'libmpi.so.12', 'libmpi_cray.so.12', 'libmpich.so', 'libmpi.so'],
};

/**
 * Libraries with the standard ABI of MPI 5, which several implementations install beside their own.
 */
const STANDARD_NAMES = ['libmpi_abi.so.1', 'libmpi_abi.so.0', 'libmpi_abi.so'];

/**
 * Names under which the system's loader may find the library, the likeliest first; or the path in
 * CODEC_LM_MPI.
 */
export function libraryNames(speaks: MpiFamily, env: Env = process.env): string[] {
  if (env.CODEC_LM_MPI) return [env.CODEC_LM_MPI];
  const other = speaks === 'openmpi' ? 'mpich' : 'openmpi';
  return [...new Set([...NAMES[speaks], ...NAMES[other], ...STANDARD_NAMES])];
}
