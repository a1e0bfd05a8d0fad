/** Runs the blocks of a page one after the other in an empty folder that looks like a fresh clone. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { execa, type ResultPromise } from 'execa';
import { type Block, missingLines, ROOT } from './guide.ts';
import { freePort } from './s3-server.ts';
import { temporaryFolder } from './temporary.ts';
import { hasTool } from './tools.ts';

/** For one block: training on WebAssembly takes a minute alone, and several on a busy machine. */
const BLOCK_TIMEOUT = 300_000;
/** Port of `trainer serve` in the pages; a test takes a free one. */
const PORT = '8000';

const VENVS = ['.venv-guides', '.venv', '.venv-clients'].map((name) =>
  join(ROOT, 'bench/peers', name, 'bin'),
);
const isLongWanted = Boolean(process.env.CODEC_LM_TEST_LONG ?? process.env.CI);

/** Lets Open MPI start as root, and more ranks than cores, which then do not wait busily. */
const OPEN_MPI = {
  OMPI_ALLOW_RUN_AS_ROOT: '1',
  OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: '1',
  OMPI_MCA_rmaps_base_oversubscribe: '1',
  OMPI_MCA_mpi_yield_when_idle: '1',
};

export interface Place {
  folder: string;
  env: Record<string, string>;
}

/**
 * A folder in which everything of the repository lies, and what is made in it lies beside. `npx NAME`
 * starts the repository's own program without the half second in which npx looks for it.
 */
export async function freshClone(t: ExecutionContext): Promise<Place> {
  const folder = await temporaryFolder(t);
  const tracked = execFileSync('git', ['ls-files'], { cwd: ROOT, encoding: 'utf8' }).split('\n');
  const names = new Set(tracked.filter((name) => name !== '').map((name) => name.split('/')[0]));
  for (const name of [...names, 'node_modules']) {
    if (existsSync(join(ROOT, name))) await symlink(join(ROOT, name), join(folder, name));
  }
  const bin = await temporaryFolder(t);
  const npx = `#!/bin/sh\nname=$1\nshift\nexec node ${ROOT}/bin/$name.js "$@"\n`;
  await writeFile(join(bin, 'npx'), npx);
  await chmod(join(bin, 'npx'), 0o755);
  const env = { PATH: `${bin}:${process.env.PATH}`, ...OPEN_MPI };
  return { folder, env };
}

/** A folder in which the programs are found by their short names. */
export async function shortNames(folder: string): Promise<string> {
  const bin = join(folder, 'bin');
  await mkdir(bin);
  for (const file of await readdir(join(ROOT, 'bin'))) {
    if (file === 'start.js') continue;
    const path = join(bin, file.replace(/\.js$/, ''));
    await writeFile(path, `#!/bin/sh\nexec node ${ROOT}/bin/${file} "$@"\n`);
    await chmod(path, 0o755);
  }
  return bin;
}

/**
 * Each block ends with 0 and prints what the page says it prints. A block whose tools are missing is passed over, and so
 * is what follows from it: pages say first what they need.
 */
export async function walk(
  t: ExecutionContext,
  blocks: readonly Block[],
  { folder, env }: Place,
): Promise<string> {
  let all = '';
  let address: string | undefined;
  const servers: ResultPromise[] = [];
  try {
    for (const block of blocks) {
      if (block.file) {
        await writeFile(join(folder, block.file), withAddress(block.code, address));
      }
      if (block.language !== 'sh' || block.marks.shown) continue;
      const { python, why } = means(block);
      if (why) {
        t.log(`line ${block.line} was passed over: ${why}`);
        continue;
      }
      t.timeout(BLOCK_TIMEOUT + 10_000);
      const path = python ? `${python}:${env.PATH}` : env.PATH;
      const options = {
        cwd: folder,
        reject: false,
        all: true,
        env: { ...env, PATH: path },
      } as const;
      if (block.marks.isServer) {
        const port = String(await freePort());
        const code = block.code.trim();
        const server = execa('sh', ['-c', `exec ${code}`], {
          ...options,
          env: { ...options.env, CODEC_LM_PORT: port },
          forceKillAfterDelay: 5000,
        });
        servers.push(server);
        await isReady(server);
        address = `127.0.0.1:${port}`;
        continue;
      }
      const code = withAddress(block.code, address);
      const run = await execa('bash', ['-euo', 'pipefail', '-c', code], {
        ...options,
        timeout: BLOCK_TIMEOUT,
      });
      all += `$ ${block.code}${run.all}\n`;
      t.is(run.exitCode, 0, `line ${block.line}: ${block.code}\n${run.all}`);
      const missing = missingLines(block.printed ?? '', run.all);
      t.deepEqual(missing, [], `line ${block.line}: ${block.code}\n${run.all}`);
    }
  } finally {
    for (const server of servers) {
      server.kill('SIGTERM');
      await server;
    }
  }
  return all;
}

/** Programs of the pages ask the server that the page has started, wherever it listens. */
function withAddress(code: string, address?: string): string {
  return address === undefined ? code : code.replaceAll(`127.0.0.1:${PORT}`, address);
}

async function isReady(server: ResultPromise): Promise<void> {
  await Promise.race([
    new Promise<void>((resolve) => server.stdout!.once('data', () => resolve())),
    server.then(({ all }) => Promise.reject(new Error(String(all)))),
  ]);
}

/** The Python environment that a block runs in, or why it cannot run here. */
function means({ marks }: Block): { python?: string; why?: string } {
  if (marks.isLong && !isLongWanted) return { why: 'CI and `npm run test:long` run it' };
  const modules = marks.needs.flatMap((need) => /^python (.+)$/.exec(need)?.slice(1) ?? []);
  const tool = marks.needs.find((need) => !need.startsWith('python ') && !hasTool(need));
  if (tool) return { why: `${tool} is not installed` };
  if (modules.length === 0) return {};
  const list = modules.join(' ').split(' ');
  const python = VENVS.find((bin) => hasModules(join(bin, 'python3'), list));
  return python ? { python } : { why: `no environment of bench/peers has ${list.join(', ')}` };
}

const known = new Map<string, boolean>();

function hasModules(python: string, modules: readonly string[]): boolean {
  const key = [python, ...modules].join(' ');
  const code =
    'import importlib.util, sys; sys.exit(any(importlib.util.find_spec(m) is None for m in sys.argv[1:]))';
  const found = known.get(key) ?? spawnSync(python, ['-c', code, ...modules]).status === 0;
  known.set(key, found);
  return found;
}
