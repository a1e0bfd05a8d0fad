import test from 'ava';
import { z } from 'zod';
import { resolveOptions } from '../../base/options.ts';

const schema = z.strictObject({
  num: z.int().min(1).default(16),
  topP: z.number().max(1).default(0.9),
  host: z.string().optional(),
});

test('an absent option gets its default', (t) => {
  t.deepEqual(resolveOptions(schema, { num: 3, host: undefined }, 'sample'), {
    num: 3,
    topP: 0.9,
    host: undefined,
  });
});

test('a wrong value is named with what was received', (t) => {
  t.throws(() => resolveOptions(schema, { topP: 2 }, 'sample'), {
    code: 'CONFIG_INVALID',
    message: /^sample: `topP`: .*1.*; received 2$/,
  });
});

test('an option that does not exist is named with those that do', (t) => {
  t.throws(() => resolveOptions(schema, { topp: 1 } as object, 'sample'), {
    code: 'CONFIG_INVALID',
    message: 'sample: no option is called `topp`; there are num, topP, host',
  });
});
