import { setImmediate } from 'node:timers/promises';
import test from 'ava';
import { limited } from '../../../pipeline/encode/limited.ts';
import type { Encoder, FileSpan } from '../../../tokenizer/index.ts';

/** Encodes nothing: it says which files are being encoded, and ends them when it is told to. */
function held() {
  const running: string[] = [];
  const ends = new Map<string, { resolve: () => void; reject: (error: Error) => void }>();
  const encoder = {
    settings: {},
    versions: {},
    async encodeFile(_file: FileSpan, label: string) {
      running.push(label);
      try {
        await new Promise<void>((resolve, reject) => ends.set(label, { resolve, reject }));
      } finally {
        running.splice(running.indexOf(label), 1);
      }
      return { label };
    },
  };
  return { running, ends, encoder: encoder as unknown as Encoder };
}

test('never more than so many files at once, first come first served, failures included', async (t) => {
  const { running, ends, encoder } = held();
  const { encodeFile } = limited(encoder, 2);
  const file: FileSpan = { path: Buffer.from('/f'), offset: 0, size: 1, isMember: false };
  const results = ['a', 'b', 'c', 'd'].map((label) => encodeFile!(file, label));
  await setImmediate();
  t.deepEqual(running, ['a', 'b']);
  ends.get('b')!.reject(new RangeError('b is damaged'));
  await t.throwsAsync(results[1], { message: 'b is damaged' });
  await setImmediate();
  t.deepEqual(running, ['a', 'c']);
  ends.get('a')!.resolve();
  t.like(await results[0], { label: 'a' });
  await setImmediate();
  t.deepEqual(running, ['c', 'd']);
  for (const label of running.slice()) ends.get(label)!.resolve();
  await Promise.all([results[2], results[3]]);
});

test('an encoder that takes no files is left as it is', (t) => {
  const encoder = { settings: {}, versions: {} } as Encoder;
  t.is(limited(encoder, 1), encoder);
});
