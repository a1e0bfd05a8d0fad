/** What tfjs-node 4.22 calls and newer Nodes no longer have. */
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

/**
 * Node 23 removed these from `util`, and Node 22 warns of each use: replaced wherever they
 * are called. To be done before any file of tfjs-node is loaded.
 */
export function polyfillUtil(): void {
  const util = require('node:util') as Record<string, unknown>;
  util.isNullOrUndefined = (value: unknown) => value === null || value === undefined;
  util.isArray = Array.isArray;
}
