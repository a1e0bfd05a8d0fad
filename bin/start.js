// Runs a TypeScript entry of this package: as it is on a Node that strips types
// itself, through tsx on an older one, and from dist/ in a published package. The whole suite of
// tests starts hundreds of processes; `npm test` builds dist/ and sets CODEC_LM_TEST_BUILT, and each
// starts in half the time. Coverage finds the sources by the maps in dist/, which are not published.
const { existsSync } = require('node:fs');
const { availableParallelism } = require('node:os');
const { join } = require('node:path');
const { pathToFileURL } = require('node:url');

const ROOT = join(__dirname, '..');
const LIBUV_THREADS = 4;

/** @param {string} entry path of a .ts file, relative to the package root */
async function start(entry) {
  const source = join(ROOT, entry);
  const built = join(ROOT, 'dist', entry.replace(/\.ts$/, '.js'));
  const isBuiltWanted = process.env.CODEC_LM_TEST_BUILT && existsSync(built);
  if (isBuiltWanted || !existsSync(source)) return import(pathToFileURL(built).href);
  if (!process.features.typescript) {
    const { register } = await import('tsx/esm/api');
    register();
  }
  return import(pathToFileURL(source).href);
}

/**
 * A thread for each core, for libvips works on libuv's. Their number is read when the first one
 * starts: before any ES module is loaded, so these files are none.
 */
function useAllCores() {
  process.env.UV_THREADPOOL_SIZE ??= String(Math.max(LIBUV_THREADS, availableParallelism()));
}

module.exports = { start, useAllCores };

if (require.main === module) {
  const [entry] = process.argv.splice(2, 1);
  start(entry);
}
