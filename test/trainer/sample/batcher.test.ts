import test from 'ava';
import type { GenerationRequest, Ticket } from '../../../trainer/sample/batch/job.ts';
import { Batcher } from '../../../trainer/sample/batcher.ts';
import { Drafter } from '../../../trainer/sample/draft/drafter.ts';
import type { Constraint } from '../../../trainer/sample/draw.ts';
import type { CachedSequence, Engine } from '../../../trainer/sample/engine/engine.ts';

const [EOS, BOS] = [3, 4];

interface Read extends CachedSequence {
  ids: number[];
}

/** Logits that depend on all tokens of a sequence; remembers what it was asked. */
function chain(
  places: number,
): Engine & { steps: number[]; open: (n: number) => Read | undefined } {
  let open = 0;
  const steps: number[] = [];
  return {
    vocabSize: 5,
    maxRows: 8,
    capacity: 100,
    description: 'a chain',
    steps,
    open(capacity) {
      if (open === places) return undefined;
      open++;
      const ids: number[] = [];
      return {
        ids,
        capacity,
        get length() {
          return ids.length;
        },
      };
    },
    close: () => {
      open--;
    },
    rewind(sequence, length) {
      (sequence as Read).ids.length = length;
    },
    async step(rows) {
      steps.push(rows.length);
      return rows.flatMap(({ sequence, id, wantsLogits }) => {
        const { ids } = sequence as Read;
        ids.push(id);
        const sum = ids.reduce((total, each, i) => total + each * (i + 1), 0);
        return wantsLogits ? [Float32Array.of(sum % 3, (sum + 1) % 3, 1, sum % 2, 9)] : [];
      });
    },
    dispose: async () => {},
  };
}

const request = (stream: number, change: Partial<GenerationRequest> = {}): GenerationRequest => ({
  prompt: [BOS, ...Array.from({ length: stream * 5 }, (_, i) => i % 3)],
  maxTokens: 20,
  seed: 5,
  stream,
  eosId: EOS,
  bannedIds: [BOS],
  temperature: 1,
  topK: 0,
  topP: 1,
  ...change,
});

async function drawAll(places: number, requests: GenerationRequest[]) {
  const engine = chain(places);
  const batcher = new Batcher(engine);
  const all = Promise.all(requests.map((each) => batcher.submit(each).done));
  while (await batcher.step());
  return { results: await all, steps: engine.steps };
}

test('a generation does not depend on those drawn beside it', async (t) => {
  const requests = [0, 1, 2, 3, 4, 5].map((stream) => request(stream));
  const { results, steps } = await drawAll(3, requests);
  t.true(Math.max(...steps) <= 8);
  for (const [i, each] of requests.entries()) {
    t.deepEqual((await drawAll(1, [each])).results, [results[i]]);
  }
  t.true(new Set(results.map(({ ids }) => ids.join())).size > 3);
  t.true(results.every(({ ids }) => !ids.includes(BOS) && !ids.includes(EOS)));
});

test('a generation ends at <eos>, at the limit, or where its listener says', async (t) => {
  const seen: number[] = [];
  const { results } = await drawAll(4, [
    request(1),
    request(1, { maxTokens: 2, bannedIds: [EOS, BOS] }),
    request(1, {
      bannedIds: [EOS, BOS],
      onToken: ({ id }) => {
        seen.push(id);
        return seen.length === 3;
      },
    }),
  ]);
  t.deepEqual(
    results.map(({ finish }) => finish),
    ['eos', 'length', 'stop'],
  );
  t.is(results[0].tokens, results[0].ids.length + 1);
  t.is(results[1].ids.length, 2);
  t.deepEqual(results[2].ids, seen);
});

test('who leaves frees the place for who waits', async (t) => {
  const batcher = new Batcher(chain(1));
  const first = batcher.submit(request(1, { bannedIds: [EOS, BOS] }));
  const second = batcher.submit(request(2));
  await batcher.step();
  t.deepEqual([batcher.running, batcher.waiting], [1, 1]);
  first.cancel();
  first.cancel();
  await t.throwsAsync(first.done, { name: 'AbortError' });
  while (await batcher.step());
  t.is((await second.done).finish, 'eos');
  t.deepEqual([batcher.running, batcher.waiting], [0, 0]);
});

test('an error of one constraint ends only its own generation', async (t) => {
  const batcher = new Batcher(chain(2));
  const constraint: Constraint = {
    allowed: () => {
      throw new Error('no way on');
    },
    accept() {},
    fork: () => constraint,
  };
  const bad = batcher.submit(request(1, { constraint }));
  const good = batcher.submit(request(2));
  const failed = t.throwsAsync(bad.done, { message: 'no way on' });
  while (await batcher.step());
  await failed;
  t.is((await good.done).finish, 'eos');
});

test('more tokens than there is room for are refused at once', (t) => {
  const batcher = new Batcher(chain(1));
  const error = t.throws(() => batcher.submit(request(1, { maxTokens: 1000 })));
  t.regex(error.message, /1006 tokens are more than the 100/);
});

/** The chain, with sequences that begin as another one does; counts what is read. */
function forking(places: number) {
  const engine = chain(places);
  const counted = { read: 0, forks: 0 };
  return {
    ...engine,
    counted,
    fork(source: CachedSequence, length: number, capacity: number) {
      const fork = engine.open(capacity) as Read | undefined;
      if (fork === undefined) return undefined;
      counted.forks++;
      fork.ids.push(...(source as Read).ids.slice(0, length));
      return fork;
    },
    step(rows: Parameters<Engine['step']>[0]) {
      counted.read += rows.length;
      return engine.step(rows);
    },
  };
}

test('equal prompts are read once, and what is drawn stays the same', async (t) => {
  const prompt = [BOS, ...Array.from({ length: 40 }, (_, i) => i % 3)];
  const requests = Array.from({ length: 7 }, (_, stream) =>
    request(stream, { prompt: [...prompt], maxTokens: stream === 0 ? 0 : 6 + stream }),
  );
  const other = request(9, { prompt: [BOS, 1, 1], maxTokens: 4 });
  // With another one in between there is a place more.
  const cases = [2, 3, 8].flatMap((places) => [
    { places, list: requests },
    { places: places + 1, list: [...requests.slice(0, 3), other, ...requests.slice(3)] },
  ]);
  for (const { places, list } of cases) {
    const { results } = await drawAll(3, list);
    const engine = forking(places);
    const batcher = new Batcher(engine);
    const all = Promise.all(list.map((each) => batcher.submit(each).done));
    while (await batcher.step());
    t.deepEqual(await all, results);
    t.is(engine.counted.forks, 6);
    // All of the first, and of the others the last token of the prompt and what was drawn.
    const drawn = results.reduce((sum, { tokens }) => sum + Math.max(0, tokens - 1), 0);
    const own = list.includes(other) ? other.prompt.length : 0;
    t.is(engine.counted.read, prompt.length + 6 + own + drawn);
  }
});

test('the others go on when the one that reads their prompt is cancelled', async (t) => {
  const prompt = [BOS, ...Array.from({ length: 40 }, (_, i) => i % 3)];
  const batcher = new Batcher(forking(2));
  const [first, second] = [1, 2].map((stream) => batcher.submit(request(stream, { prompt })));
  first.done.catch(() => {});
  await batcher.step();
  t.is(batcher.waiting, 1);
  first.cancel();
  while (await batcher.step());
  t.deepEqual(await second.done, (await drawAll(1, [request(2, { prompt })])).results[0]);
});

test('a draft saves steps and changes nothing, whoever stops or leaves in the middle of a run', async (t) => {
  const prompt = [BOS, ...Array.from({ length: 12 }, (_, i) => i % 3)];
  const requests = [1, 1, 2, 3, 4, 0].map((stream, i) =>
    request(stream, { bannedIds: [EOS, BOS], ...(i < 2 && { prompt }) }),
  );
  const stops = (at: number) => {
    let left = at;
    return () => --left === 0;
  };
  const both = async (drafter?: Drafter) => {
    const engine = chain(4);
    const batcher = new Batcher(engine, drafter);
    const tickets: Ticket[] = requests.map((each, i) => {
      const leaves = stops(5);
      const onToken = [stops(4), () => leaves() && tickets[1].cancel(), stops(9)][i];
      return batcher.submit({ ...each, onToken: onToken as () => boolean | undefined });
    });
    const all = Promise.allSettled(tickets.map(({ done }) => done));
    while (await batcher.step());
    t.deepEqual([batcher.running, batcher.waiting], [0, 0]);
    return { results: await all, steps: engine.steps.length };
  };
  const plain = await both();
  t.is(plain.results[1].status, 'rejected');
  for (const tokens of [1, 2, 5]) {
    const drafter = new Drafter(chain(4), tokens);
    const drafted = await both(drafter);
    t.deepEqual(drafted.results, plain.results);
    // The chain is its own draft.
    t.true(drafted.steps < plain.steps, `${drafted.steps} of ${plain.steps}`);
    t.true(drafter.counts.accepted > 0.8 * drafter.counts.proposed);
  }
});
