/** How many ranks a launcher started, and which MPI it most likely speaks. */

type Env = Readonly<Record<string, string | undefined>>;

/** A variable that is there only in a launched process, and the MPI that then comes first. */
const LAUNCHERS = [
  { size: 'OMPI_COMM_WORLD_SIZE', speaks: 'openmpi' },
  { size: 'PMI_SIZE', speaks: 'mpich' },
  { size: 'MPI_LOCALNRANKS', speaks: 'mpich' },
  // A batch script has SLURM_NTASKS too; only srun gives a step that shares the work.
  { size: 'SLURM_STEP_NUM_TASKS', speaks: 'openmpi', needs: 'SLURM_STEP_ID' },
] as const;

export type MpiFamily = (typeof LAUNCHERS)[number]['speaks'];

export interface Launch {
  /** Processes that were launched together. */
  size: number;
  speaks: MpiFamily;
}

/** @returns nothing for a process that nobody launched, or that was launched alone */
export function findLaunch(env: Env = process.env): Launch | undefined {
  for (const launcher of LAUNCHERS) {
    if ('needs' in launcher && env[launcher.needs] === undefined) continue;
    const size = Number(env[launcher.size]);
    if (Number.isInteger(size) && size > 1) return { size, speaks: launcher.speaks };
  }
  return undefined;
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
