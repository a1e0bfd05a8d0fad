// Runs a TypeScript entry of this package: as it is on a Node that strips types
// itself, through tsx on an older one, and from dist/ in a published package.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** @param {string} entry path of a .ts file, relative to the package root */
export async function start(entry) {
  const source = new URL(`../${entry}`, import.meta.url);
  if (!existsSync(fileURLToPath(source))) {
    return import(new URL(`../dist/${entry.replace(/\.ts$/, '.js')}`, import.meta.url).href);
  }
  if (!process.features.typescript) {
    const { register } = await import('tsx/esm/api');
    register();
  }
  return import(source.href);
}

if (process.argv[1] && fileURLToPath(import.meta.url) === process.argv[1]) {
  const [entry] = process.argv.splice(2, 1);
  await start(entry);
}
