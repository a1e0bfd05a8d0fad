/** Whether MPI started this process, and where its library may be. */
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

const NAMES: Readonly<Record<MpiFamily, readonly string[]>> = {
  openmpi: ['libmpi.so.40', 'libmpi.so', 'libmpi.dylib'],
  // The ABI that MPICH, Intel MPI, MVAPICH and Cray MPI share is number 12.
  mpich: ['libmpich.so.12', 'libmpi.so.12', 'libmpi_cray.so.12', 'libmpich.so', 'libmpi.so'],
};

/** Names under which the loader of the system may find the library, the likeliest first; CODEC_LM_MPI is a path. */
export function libraryNames(speaks: MpiFamily, env: Env = process.env): string[] {
  if (env.CODEC_LM_MPI) return [env.CODEC_LM_MPI];
  const other = speaks === 'openmpi' ? 'mpich' : 'openmpi';
  return [...new Set([...NAMES[speaks], ...NAMES[other]])];
}
