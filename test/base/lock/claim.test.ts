import test from 'ava';
import type { Agent } from './world.ts';
import { World } from './world.ts';

const ROUNDS = process.env.CODEC_LM_TEST_LONG ? 5_000 : 200;

/** Small numbers from a seed (a linear congruence, the high bits of it). */
function randomOf(seed: number): (below: number) => number {
  let state = (seed * 2654435761 + 1) >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function areApart(a: Agent, b: Agent): boolean {
  return a.ranks.size === b.ranks.size && a.ranks.rank !== b.ranks.rank;
}

/** Two holders that exclude each other. */
function conflict({ holders }: { holders: readonly Agent[] }): string | undefined {
  for (const [i, a] of holders.entries()) {
    const other = holders.slice(i + 1).find((b) => !areApart(a, b));
    if (other) return `${a.id} and ${other.id} both hold the lock`;
  }
  return undefined;
}

const ALONE = { rank: 0, size: 1 };

for (const isSeen of [true, false]) {
  const how = isSeen ? 'that can be looked up' : 'known by their heartbeats only';
  test(`two and three processes ${how} that take over a dead one's lock, in ${ROUNDS} orders: one writer`, async (t) => {
    for (let seed = 0; seed < ROUNDS; seed++) {
      const random = randomOf(seed);
      const world = new World(random, isSeen);
      if (seed % 4 > 0) world.leave(ALONE);
      for (let i = 0; i < 2 + (seed % 2); i++) world.start(ALONE);
      let found: string | undefined;
      await world.run(() => (found ??= conflict(world)));
      t.is(found, undefined, `seed ${seed}`);
      t.is(world.holders.length, 1, `seed ${seed}`);
    }
  });

  test(`processes ${how}, killed at any step of a takeover, in ${ROUNDS} orders: never two, and the next one gets in`, async (t) => {
    for (let seed = 0; seed < ROUNDS; seed++) {
      const random = randomOf(seed);
      const world = new World(random, isSeen);
      world.leave(ALONE);
      for (let i = 0; i < 2; i++) world.start(ALONE, { stepsLeft: 1 + random(14) });
      world.start(ALONE);
      let found: string | undefined;
      await world.run(() => (found ??= conflict(world)));
      t.is(found, undefined, `seed ${seed}`);
      // Nobody may have come out of it that lives and holds: then the lock is free for who comes next.
      for (const agent of world.agents) {
        if (agent.stepsLeft < 100 && agent.state === 'holds') agent.state = 'killed';
      }
      world.start(ALONE);
      await world.run(() => (found ??= conflict(world)));
      t.is(found, undefined, `seed ${seed}`);
      t.is(world.holders.length, 1, `seed ${seed}`);
    }
  });
}

test(`worlds of other sizes at once, in ${ROUNDS} orders: the ranks of one, or the process of the other`, async (t) => {
  let [together, alone] = [0, 0];
  for (let seed = 0; seed < ROUNDS; seed++) {
    const world = new World(randomOf(seed), true);
    world.start(ALONE);
    world.start({ rank: 0, size: 2 });
    world.start({ rank: 1, size: 2 });
    let found: string | undefined;
    await world.run(() => (found ??= conflict(world)));
    t.is(found, undefined, `seed ${seed}`);
    const sizes = world.holders.map(({ ranks }) => ranks.size);
    t.true(sizes.length > 0, `seed ${seed}`);
    if (sizes.includes(1)) alone++;
    else together++;
  }
  t.true(together > 0 && alone > 0, `${together} and ${alone}`);
});

test(`a process that sleeps in a takeover until it is taken for dead, in ${ROUNDS} orders: never two that are right`, async (t) => {
  let [wakes, deluded] = [0, 0];
  for (let seed = 0; seed < ROUNDS; seed++) {
    const random = randomOf(seed);
    const world = new World(random, false);
    world.leave(ALONE);
    world.start(ALONE);
    world.start(ALONE);
    const [, sleeper] = world.agents;
    // The other has watched the dead one for 60 looks of three steps: about then both publish.
    let left = 330 + random(60);
    let found: string | undefined;
    await world.run(() => {
      found ??= conflict({ holders: world.rightfulHolders });
      if (--left === 0 && sleeper.state === 'claims') {
        sleeper.asleepUntil = 500_000;
        wakes++;
      }
    });
    t.is(found, undefined, `seed ${seed}`);
    deluded += world.holders.length - 1;
    t.is(world.rightfulHolders.length, 1, `seed ${seed}`);
  }
  // One step of a process cannot be undone by another; a second look makes it rare.
  t.true(deluded <= ROUNDS / 100, `${deluded}`);
  t.log(`${wakes} sleepers, ${deluded} taken for dead between two steps of the end`);
});
