import test from 'ava';
import { ReadAhead } from '../../../shards/loader/ahead.ts';

test('waiting is what passes between asking and getting', async (t) => {
  let now = 0;
  const ahead = new ReadAhead(() => now);
  let left = 4;
  const batches = ahead.run(0, () => {
    if (left-- === 0) return undefined;
    return Promise.resolve().then(() => {
      now += 10;
    });
  });
  for await (const _ of batches) now += 90;
  const { share, ...rest } = ahead.stats();
  t.deepEqual(rest, { batches: 4, seconds: 0.31, waited: 0.04 });
  t.is(share, 40 / 310);
});

test('the next batches are begun before they are asked for, and errors come in their turn', async (t) => {
  const ahead = new ReadAhead();
  let begun = 0;
  const batches = ahead.run(2, () => {
    const n = begun++;
    return n === 3 ? Promise.reject(new Error('the fourth')) : Promise.resolve(n);
  });
  t.is(begun, 3);
  t.is((await batches.next()).value, 0);
  t.is(begun, 3);
  t.is((await batches.next()).value, 1);
  t.is((await batches.next()).value, 2);
  await t.throwsAsync(batches.next(), { message: 'the fourth' });
  t.is(ahead.stats().batches, 3);
});
