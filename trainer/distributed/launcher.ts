/** Whether MPI started this process, and where its library may be. */
import { fstatSync } from 'node:fs';
import { relative } from 'node:path';
import { CodecLmError } from '../../base/error.ts';
import { findLauncher, type MpiFamily } from '../../base/launcher.ts';

type Env = Readonly<Record<string, string | undefined>>;

export interface Launch {
  /** Processes that were launched together; undefined where only the MPI itself knows. */
  size?: number;
  speaks: MpiFamily;
}

/** @returns nothing for a process that no launcher of MPI started, or that was launched alone */
export function findLaunch(env: Env = process.env): Launch | undefined {
  const { size, speaks } = findLauncher(env) ?? {};
  return speaks === undefined || size === 1 ? undefined : { size, speaks };
}

/**
 * Hydra and PMI-1 and -2 of Slurm talk to each rank over a socket that it inherits, PMI_FD. Node
 * does not hand such a one on to its children: behind `npx` it is closed, and MPI would end the
 * process with lines about PMI_fd.
 * @throws CodecLmError `MPI_UNAVAILABLE` that says what to start instead
 */
export function checkConnection(env: Env = process.env): void {
  const descriptor = env.PMI_FD;
  if (descriptor === undefined || isSocket(Number.parseInt(descriptor, 10))) return;
  const [, program = 'bin/trainer.js'] = process.argv;
  const nearby = relative(process.cwd(), program);
  throw new CodecLmError(
    'MPI_UNAVAILABLE',
    `this rank has lost its launcher: descriptor ${descriptor} (PMI_FD) is no open socket`,
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
  // The ABI that MPICH, Intel MPI, MVAPICH and Cray MPI share is number 12.
  mpich: ['libmpich.so.12', 'libmpi.so.12', 'libmpi_cray.so.12', 'libmpich.so', 'libmpi.so'],
};

/** The standard ABI of MPI 5, which several implementations bring beside their own. */
const STANDARD_NAMES = ['libmpi_abi.so.1', 'libmpi_abi.so.0', 'libmpi_abi.so'];

/** Names under which the loader of the system may find the library, the likeliest first; CODEC_LM_MPI is a path. */
export function libraryNames(speaks: MpiFamily, env: Env = process.env): string[] {
  if (env.CODEC_LM_MPI) return [env.CODEC_LM_MPI];
  const other = speaks === 'openmpi' ? 'mpich' : 'openmpi';
  return [...new Set([...NAMES[speaks], ...NAMES[other], ...STANDARD_NAMES])];
}
