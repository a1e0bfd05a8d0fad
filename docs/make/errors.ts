/** `npm run docs:errors`: writes docs/errors.md. */
import { writeFile } from 'node:fs/promises';
import { ERRORS_PAGE, formatErrorsPage } from './errors-page.ts';

await writeFile(ERRORS_PAGE, formatErrorsPage());
