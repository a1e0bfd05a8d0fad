import test from 'ava';
import { z } from 'zod';
import { command } from '../../cli/command.ts';
import { hintFor, withFlags } from '../../cli/flags.ts';

const sample = command({
  name: 'sample',
  summary: 'draws',
  options: z.object({ maxTokens: z.int().optional(), to: z.string(), set: z.array(z.string()) }),
  flags: { 'cut.ratio': '--prompt-ratio', 'grammar: false': '--grammar off' },
  run: async () => 0,
});

const cases = [
  ['raise `maxTokens`', 'raise --max-tokens'],
  ['lower `cut.ratio` or give `grammar: false`', 'lower --prompt-ratio or give --grammar off'],
  ['raise it with `maxTokens: 9`', 'raise it with --max-tokens 9'],
  ['use `optim.lr=3e-4`', 'use --set optim.lr=3e-4'],
  ['`npm run setup` installs it; `quality` is no option here', undefined],
  ['no option at all', undefined],
] as const;

for (const [text, expected = text] of cases) {
  test(`options of the library on a terminal: ${text}`, (t) => {
    t.is(withFlags(text, sample), expected);
  });
}

test('an error before a command runs keeps its words', (t) => {
  t.is(withFlags('raise `maxTokens`', undefined), 'raise `maxTokens`');
});

for (const [hint, isKept] of [
  ['raise `maxTokens`, or sample without the grammar by `grammar: false`', true],
  ['raise `maxPixels` if the file is to be trusted', false],
  ['raise --max-pixels if the file is to be trusted', false],
  ['ask for fewer `frames`, or keep short clips by `short: keep`', false],
  ['lower `cut.ratio`', true],
  ['lower `cut.frames`', false],
  ['make it with `pipeline run images SRC --out DS --size 64`, and name that', true],
  ['look at its permissions', true],
] as const) {
  test(`a hint is shown where the command has what it advises: ${hint}`, (t) => {
    t.is(hintFor(hint, sample), isKept ? hint : undefined);
    t.is(hintFor(hint, undefined), hint);
  });
}
