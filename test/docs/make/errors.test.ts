import { readFile } from 'node:fs/promises';
import test from 'ava';
import { ERROR_CODES, type ErrorKind } from '../../../base/error-codes.ts';
import { PROGRAMS } from '../../../cli/codec-lm/programs.ts';
import { fieldsOf, flagOf } from '../../../cli/fields.ts';
import { ERROR_CAUSES } from '../../../docs/make/error-causes.ts';
import { ERRORS_PAGE, formatErrorsPage } from '../../../docs/make/errors-page.ts';
import { runOptionsOf } from '../../../pipeline/options.ts';
import { setup } from '../../../setup/command.ts';
import { allCodecs } from '../../../tokenizer/codecs/registry.ts';

/** Flags of other programs, which a remedy may name. */
const FOREIGN = ['--include', '--save-stats'];

test('docs/errors.md is what `npm run docs:errors` makes of the table of codes', async (t) => {
  t.is(await readFile(ERRORS_PAGE, 'utf8'), formatErrorsPage());
});

test('every code has a summary and a remedy that read as sentences, and an exit status', (t) => {
  for (const [code, kind] of Object.entries<ErrorKind>(ERROR_CODES)) {
    t.regex(code, /^[A-Z][A-Z_]+$/);
    t.regex(kind.summary, /^[A-Z].*\.$/, code);
    t.regex(kind.remedy, /^[A-Z].*\.$/, code);
    t.true([1, 2, 130].includes(kind.exitCode), code);
    if (kind.scope === 'input' || kind.scope === 'file') t.is(kind.exitCode, 1, code);
  }
});

test('every code has usual causes that read as the end of a sentence, and no code more than four', (t) => {
  for (const [code, causes] of Object.entries(ERROR_CAUSES)) {
    t.true(causes.length >= 1 && causes.length <= 4, code);
    for (const cause of causes) t.notRegex(cause, /\.$|^The |^A /, code);
  }
});

test('every option that a cause or a remedy names is one that can be given', async (t) => {
  const flagsOf = (schemas: Parameters<typeof fieldsOf>[0][]) =>
    schemas.flatMap((schema) => fieldsOf(schema).map(({ key }) => flagOf(key)));
  const ofMedia = (media: string) =>
    flagsOf(
      allCodecs()
        .filter((codec) => codec.media === media)
        .map((codec) => runOptionsOf(codec, [codec.name])),
    );
  const specs = await Promise.all(Object.values(PROGRAMS).map(async ({ load }) => load()));
  const commands = specs.flatMap(({ spec }) => spec.commands.map(({ options }) => options));
  const everywhere = [...flagsOf([...commands, setup.options]), '--help', ...FOREIGN];
  let seen = 0;
  for (const [code, kind] of Object.entries<ErrorKind>(ERROR_CODES)) {
    const known = code.startsWith('VIDEO_')
      ? ofMedia('videos')
      : code.startsWith('IMAGE_')
        ? ofMedia('images')
        : [...everywhere, ...ofMedia('videos'), ...ofMedia('images')];
    const texts = [kind.remedy, ...ERROR_CAUSES[code as keyof typeof ERROR_CAUSES]];
    for (const [flag] of texts.join(' ').matchAll(/--[a-z][a-z-]*/g)) {
      t.true(known.includes(flag), `${code}: ${flag}`);
      seen++;
    }
  }
  t.true(seen > 20, `${seen}`);
});
