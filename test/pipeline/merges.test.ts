import test from 'ava';
import { resolveMerges } from '../../pipeline/merges.ts';

test('merges are what is given, as either option, or the default', (t) => {
  t.is(resolveMerges({}, 320), 320);
  t.is(resolveMerges({ merges: 0 }, 320), 0);
  t.is(resolveMerges({ vocabSize: 320 }, 1024), 64);
  t.is(resolveMerges({ merges: 64, vocabSize: 320 }, 1024), 64);
});

test('two options that disagree are a mistake in their use', (t) => {
  t.throws(() => resolveMerges({ merges: 320, vocabSize: 320 }, 320), {
    code: 'USAGE',
    message: /`vocabSize` 576 is `merges` 320/,
  });
});
