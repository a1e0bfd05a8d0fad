import test from 'ava';
import { Batcher, type GenerationRequest } from '../../../trainer/sample/batcher.ts';
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
  const constraint = {
    allowed: () => {
      throw new Error('no way on');
    },
    accept() {},
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
