import test from 'ava';
import { asPasted, asTyped } from '../../cli/called.ts';

const HINT = 'go on with: trainer fit --resume --out RUN, or `pipeline run images x --out y`';
const NPX = { npm_lifecycle_event: 'npx' };

test('commands in hints are those that the person can type', (t) => {
  t.is(asTyped(HINT, 'trainer'), HINT);
  t.is(
    asTyped(HINT, 'codec-lm trainer'),
    'go on with: codec-lm trainer fit --resume --out RUN, or `codec-lm pipeline run images x --out y`',
  );
  t.is(asTyped('npx codec-lm trainer fit', 'codec-lm trainer'), 'npx codec-lm trainer fit');
});

test('who started the program by npx is shown npx, and nobody else', (t) => {
  for (const script of ["'codec-lm'", 'codec-lm trainer fit', '"codec-lm" "trainer"']) {
    const env = { ...NPX, npm_lifecycle_script: script };
    t.is(
      asPasted(HINT, 'codec-lm trainer', env),
      'go on with: npx codec-lm trainer fit --resume --out RUN, or `npx codec-lm pipeline run images x --out y`',
    );
    const once = asPasted('npx codec-lm trainer fit', 'codec-lm trainer', env);
    t.is(once, 'npx codec-lm trainer fit');
  }
  const trainer = { ...NPX, npm_lifecycle_script: "'trainer'" };
  t.regex(asPasted(HINT, 'trainer', trainer), /with: npx trainer fit .*`npx pipeline run/);
  // npm's variables reach whatever runs below, as a test runner's children.
  t.is(asPasted(HINT, 'trainer', { ...NPX, npm_lifecycle_script: "'ava'" }), HINT);
  t.is(asPasted(HINT, 'trainer', {}), HINT);
});
