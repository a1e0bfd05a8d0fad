/** Programs of several ranks on this machine, however few cores it has. */
import { execa } from 'execa';

/** As root and in containers, over shared memory alone, without looking for networks. */
const ENVIRONMENT = {
  OMPI_ALLOW_RUN_AS_ROOT: '1',
  OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: '1',
  OMPI_MCA_pml: 'ob1',
  OMPI_MCA_btl: 'self,vader,tcp',
  OMPI_MCA_btl_tcp_if_include: 'lo',
  OMPI_MCA_btl_vader_single_copy_mechanism: 'none',
  OMPI_MCA_rmaps_base_oversubscribe: '1',
  OMPI_MCA_hwloc_base_binding_policy: 'none',
  // Two ranks share few cores: threads of TensorFlow that spin would starve the other rank.
  OMP_NUM_THREADS: '1',
};

/**
 * @param [launcher, program] the launcher and the program that it starts
 * @param timeout milliseconds after which it is ended
 */
export function mpirun(
  ranks: number,
  args: string[],
  env: Record<string, string> = {},
  [launcher, program]: [launcher: string, program: string] = ['mpirun', 'node'],
  timeout = 150_000,
) {
  return execa(launcher, ['-n', String(ranks), program, ...args], {
    reject: false,
    timeout,
    env: { ...ENVIRONMENT, ...env },
  });
}
