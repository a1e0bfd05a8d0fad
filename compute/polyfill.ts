/** Functions that tfjs-node 4.22 calls and newer versions of Node no longer have. */
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

/**
 * Node 23 removed these from `util`, and Node 22 warns about each use, so they are replaced. Call
 * this before any file of tfjs-node is loaded.
 */
export function polyfillUtil(): void {
  const util = require('node:util') as Record<string, unknown>;
  util.isNullOrUndefined = (value: unknown) => value === null || value === undefined;
  util.isArray = Array.isArray;
}
