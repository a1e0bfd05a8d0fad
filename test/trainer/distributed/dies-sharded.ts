/**
 * A rank of a small run with ZeRO-3 in which rank 1 fails in the middle of a step, while the others
 * wait for its part of a sum. Usage: dies-sharded.ts DATA RUN throws|is-killed|hangs
 */
import { setTimeout } from 'node:timers/promises';
import type { Communicator } from '../../../trainer/distributed/communicator.ts';
import { openCommunicator } from '../../../trainer/distributed/open.ts';
import { fit } from '../../../trainer/fit/fit.ts';
import { SETTINGS } from '../../helpers/small-run.ts';

const [data, out, how] = process.argv.slice(2);
const communicator = await openCommunicator(how === 'hangs' ? 3 : 60);
let sums = 0;
const failing: Communicator = new Proxy(communicator, {
  get(target, name) {
    const value = Reflect.get(target, name, target);
    if (typeof value !== 'function') return value;
    return async (...args: unknown[]) => {
      // Some of the second step's buckets.
      if (name === 'reduceScatter' && communicator.rank === 1 && ++sums === 12) {
        if (how === 'is-killed') process.kill(process.pid, 'SIGKILL');
        if (how === 'hangs') await setTimeout(60_000);
        throw new Error('rank one is broken');
      }
      return value.apply(target, args);
    };
  },
});
const set = [...SETTINGS, 'optim.zero=3', 'train.steps=100', 'train.saveEvery=1', 'model.layers=2'];
await fit({ data, out, set, communicator: failing });
