/** The groups of hybrid sharding: ranks that share a model, and ranks with the same share of it. */
import { CodecLmError } from '../../base/error.ts';
import type { Communicator } from './communicator.ts';
import { single } from './single.ts';

export interface RankGroups {
  /** The ranks among which the model of this rank is divided. */
  shard: Communicator;
  /** The ranks that have the same share as this one, one of each group. */
  replicas: Communicator;
}

/**
 * Consecutive ranks form a group, as launchers number the ranks of a machine. Collective.
 * @param size ranks of a group; default: all
 * @throws CodecLmError `CONFIG_INVALID` when the groups would not be of equal size
 */
export async function openGroups(world: Communicator, size = world.size): Promise<RankGroups> {
  if (size === world.size) return { shard: world, replicas: single };
  if (world.size % size !== 0) {
    throw new CodecLmError(
      'CONFIG_INVALID',
      `optim.zeroGroup is ${size}, but ${world.size} rank(s) do not make groups of that size`,
      {
        hint: 'choose a divisor of the number of ranks, or leave it out to shard over all of them',
      },
    );
  }
  const shard = await world.split(Math.floor(world.rank / size));
  const replicas = await world.split(world.rank % size);
  return { shard, replicas };
}
