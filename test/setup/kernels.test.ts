/** Kernels of this project: compiled once, into a folder that appears as a whole; without them training goes on. */
import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ExecutionContext } from 'ava';
import { execa } from 'execa';
import { findInstalled, nativeDir } from '../../compute/installed.ts';
import { KERNELS_FILE, kernelsDir, lacksKernels } from '../../compute/kernels.ts';
import { fetchedDir } from '../../compute/tfjs-node.ts';
import { findCompiler } from '../../setup/compile.ts';
import { temporaryFolder } from '../helpers/temporary.ts';
import { testIf } from '../helpers/tools.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const installed = findInstalled('cpu');
const hasCompiler = await findCompiler().then(
  () => true,
  () => false,
);
const isPossible = hasCompiler && !!installed && process.platform === 'linux';
const why = 'a C++ compiler and the native backend for CPUs are needed';

/** A cache that has the native backend and nothing else. */
async function cacheWithoutKernels(t: ExecutionContext): Promise<string> {
  const cache = join(await temporaryFolder(t), 'cache');
  await mkdir(cache);
  for (const dir of [nativeDir('cpu'), fetchedDir()]) {
    await symlink(dir, join(cache, basename(dir))).catch(() => undefined);
  }
  return cache;
}

function start(args: string[], env: Record<string, string>) {
  return execa('node', ['bin/start.js', ...args], { cwd: ROOT, env, reject: false });
}

const reason = (env: Record<string, string>) => start(['test/compute/probe.ts'], env);

testIf(isPossible, why, 'set-up compiles kernels once; off leaves them out', async (t) => {
  const cache = await cacheWithoutKernels(t);
  const env = { CODEC_LM_CACHE: cache };
  t.true(lacksKernels(installed!, env));
  const first = await start(['setup/cli.ts'], env);
  t.is(first.exitCode, 0, first.stderr);
  t.regex(first.stderr, /compiling kernels for this CPU/);
  const made = (await readdir(cache)).filter((name) => name.startsWith('tensorflow-kernels-'));
  t.deepEqual(made, [basename(kernelsDir(env))]);
  const second = await start(['setup/cli.ts'], env);
  t.notRegex(second.stderr, /compiling/);
  t.regex((await reason(env)).stdout, /with kernels for this CPU/);
  await writeFile(join(cache, made[0], KERNELS_FILE), 'cut');
  t.regex(
    (await reason(env)).stdout,
    /native.*, without kernels for this CPU: loading .*too short/,
  );
  const off = await reason({ ...env, CODEC_LM_KERNELS: 'off' });
  t.regex(off.stdout, /libtensorflow/);
  t.notRegex(off.stdout, /with kernels/);
  const wrong = await reason({ ...env, CODEC_LM_KERNELS: 'on' });
  t.regex(wrong.stdout, /CONFIG_INVALID/);
});

testIf(isPossible, why, 'a compiler that fails costs speed only, and a line says so', async (t) => {
  const cache = await cacheWithoutKernels(t);
  const env = { CODEC_LM_CACHE: cache, CXX: 'false' };
  const run = await start(['setup/cli.ts'], env);
  t.is(run.exitCode, 0, run.stderr);
  t.regex(run.stderr, /training will be slower, because kernels were not compiled: /);
  t.false((await readdir(cache)).some((name) => name.startsWith('tensorflow-kernels-')));
  const { stdout } = await reason({ CODEC_LM_CACHE: cache });
  t.regex(stdout, /backend: native/);
  t.notRegex(stdout, /with kernels/);
});
