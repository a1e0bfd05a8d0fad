/** tfjs-node-gpu's package into the cache: 0.5 MB through npm, with the person's own registry and proxy. */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CodecLmError } from '../base/error.ts';
import { TFJS_NODE_VERSION } from '../compute/installed.ts';
import { fetchedDir, findTfjsNode, TFJS_NODE, type TfjsNode } from '../compute/tfjs-node.ts';
import { runTool } from './tool.ts';

/** As the registry states it for this release. */
const SHA512 =
  'p//NN6DGiN4hInUmIkRffaFVMcdTREUMjPyjW04J7OXvB2zBlQimj61eFKSgRrH3f5TnOfKzb0n56he/B6a4bw==';

const TIMEOUT_MS = 5 * 60_000;

/** Few, as for the wheel: there is a way to go on without the package. */
const RETRIES = '--fetch-retries=1';

interface Context {
  log(line: string): void;
  signal?: AbortSignal;
}

/**
 * Nothing of the package is run: its install script downloads what is not used here.
 * @param folder on the cache's disk, for the package where it is not here yet
 * @throws CodecLmError BACKEND_UNAVAILABLE, INTERRUPTED, TOOL_MISSING without npm
 */
export async function haveTfjsNode(folder: string, context: Context): Promise<TfjsNode> {
  const found = findTfjsNode();
  if (found) return found;
  const name = `${TFJS_NODE}@${TFJS_NODE_VERSION}`;
  await mkdir(folder, { recursive: true });
  const options = { cwd: folder, signal: context.signal, timeoutMs: TIMEOUT_MS };
  context.log(`fetching ${name} with npm`);
  await runTool('npm', ['pack', name, '--ignore-scripts', '--silent', RETRIES], options);
  const file = (await readdir(folder)).find((entry) => entry.endsWith('.tgz'));
  if (!file) throw new CodecLmError('BACKEND_UNAVAILABLE', `npm pack left no file of ${name}`);
  await checkHash(join(folder, file));
  await runTool('tar', ['-xzf', file], options);
  return { dir: join(folder, 'package'), isInstalled: false };
}

/** Puts a package that was fetched where programs look for it; one that is there stays. */
export async function keepTfjsNode({ dir, isInstalled }: TfjsNode): Promise<void> {
  const target = fetchedDir();
  if (isInstalled || dir === target) return;
  await rm(target, { recursive: true, force: true });
  await rename(dir, target);
}

/** For an addon that another installation of codec-lm set up. */
export async function completeTfjsNode(context: Context): Promise<void> {
  if (findTfjsNode()) return;
  const folder = await mkdtemp(`${fetchedDir()}.tmp-`);
  try {
    await keepTfjsNode(await haveTfjsNode(folder, context));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function checkHash(path: string): Promise<void> {
  const found = createHash('sha512')
    .update(await readFile(path))
    .digest('base64');
  if (found === SHA512) return;
  throw new CodecLmError('BACKEND_UNAVAILABLE', `${path} has the sha512 ${found}, not ${SHA512}`, {
    path,
    hint: 'the registry or a proxy changed it; nothing of it was used',
  });
}
