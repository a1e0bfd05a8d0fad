/**
 * The version of this package, read from its package.json. In a built package that file lies one
 * folder further up.
 */
import { existsSync, readFileSync } from 'node:fs';

const [beside, above] = ['../package.json', '../../package.json'].map(
  (path) => new URL(path, import.meta.url),
);

export const VERSION: string = JSON.parse(
  readFileSync(existsSync(beside) ? beside : above, 'utf8'),
).version;
