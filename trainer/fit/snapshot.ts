/** Makes the snapshot of a session that a checkpoint holds. */
import { STATE_VERSION } from '../../schemas/run.ts';
import type { CheckpointSnapshot } from '../checkpoint/save.ts';
import { checkpointPath } from '../run/directory.ts';
import type { Session } from './session.ts';

/** The state after `session.step`. */
export function snapshotOf(session: Session): CheckpointSnapshot {
  const { step, tokensSeen, tokenCounts, dataState, backend } = session;
  const { run, training, codec, communicator, lock } = session;
  const [{ manifest, tokenizerDir }] = session.data.datasets;
  return {
    path: checkpointPath(run, step),
    state: {
      formatVersion: STATE_VERSION,
      step,
      tokensSeen,
      tokenCounts: Array.from(tokenCounts.counts),
      loader: dataState,
      tokenizerHash: manifest.tokenizerHash,
      backend: backend.name,
    },
    training,
    tokenizerDir,
    codec,
    communicator,
    lock,
  };
}
