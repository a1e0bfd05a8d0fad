import { readFile } from 'node:fs/promises';
import test from 'ava';
import { ERROR_CODES, type ErrorKind } from '../../../base/error-codes.ts';
import { ERROR_CAUSES } from '../../../docs/make/error-causes.ts';
import { ERRORS_PAGE, formatErrorsPage } from '../../../docs/make/errors-page.ts';

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
