/** Opens the group of ranks in which this process was launched. */
import { CodecLmError } from '../../base/error.ts';
import type { Communicator } from './communicator.ts';
import { checkConnection, findLaunch, libraryNames } from './launcher.ts';
import { MpiCommunicator } from './mpi.ts';
import { loadMpi } from './mpi-library.ts';
import { single } from './single.ts';

/**
 * @param waitSeconds how long a rank waits for the others before it gives up
 * @returns the communicator; `single` for a process that no launcher started
 * @throws CodecLmError `MPI_UNAVAILABLE`
 */
export async function openCommunicator(
  waitSeconds: number,
  env: NodeJS.ProcessEnv = process.env,
): Promise<Communicator> {
  const launch = findLaunch(env);
  if (!launch) return single;
  checkConnection(env);
  const library = await loadMpi(libraryNames(launch.speaks, env));
  const communicator = new MpiCommunicator(library, waitSeconds);
  if (launch.size !== undefined && communicator.size !== launch.size) {
    throw new CodecLmError(
      'MPI_UNAVAILABLE',
      `${launch.size} ranks were launched, but ${library.name} sees ${communicator.size}`,
      { hint: 'the launcher belongs to another MPI: set CODEC_LM_MPI to the path of its libmpi' },
    );
  }
  return communicator;
}
