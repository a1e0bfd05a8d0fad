/**
 * The package as a user gets it: packed, installed into an empty folder with npm's defaults, where
 * the download of tfjs-node-gpu's install script is out of reach. Installing takes most of a minute.
 */
import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ExecutionContext } from 'ava';
import test from 'ava';
import { execa } from 'execa';
import { PHOTOGRAPHS } from './helpers/photographs.ts';

const ROOT = fileURLToPath(new URL('../', import.meta.url));

/** Nothing listens on the discard port of the loopback. */
const UNREACHABLE = 'http://127.0.0.1:9/';

const { exports: DOORS } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as {
  exports: Record<string, unknown>;
};
const NAMES = Object.keys(DOORS)
  .filter((door) => door !== './package.json')
  .map((door) => `codec-lm${door.slice(1)}`);

/** A shell of a user's: nothing of the `npm test` that this runs under, but the registry and cache. */
function userEnv(extra: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const kept = ['npm_config_registry', 'npm_config_cache', 'npm_config_userconfig'];
  const own = Object.entries(process.env).filter(
    ([name]) =>
      kept.includes(name) ||
      !/^(npm_|node_options|node_v8_coverage|codec_lm_|init_cwd)/i.test(name),
  );
  return { ...Object.fromEntries(own), TFJS_NODE_CDN_STORAGE: UNREACHABLE, ...extra };
}

function inside(cwd: string, command: string, args: string[], extra?: NodeJS.ProcessEnv) {
  const options = { cwd, env: userEnv(extra), extendEnv: false, reject: false } as const;
  return execa(command, args, options);
}

let packed: Promise<{ folder: string; file: string }> | undefined;

/** dist/ is built by the prepack script, as for anybody who packs a clone. */
function pack(): Promise<{ folder: string; file: string }> {
  packed ??= (async () => {
    const folder = await mkdtemp(join(tmpdir(), 'codec-lm-package-'));
    const { exitCode, stderr } = await inside(ROOT, 'npm', ['pack', '--pack-destination', folder]);
    if (exitCode !== 0) throw new Error(stderr);
    const [name] = await readdir(folder);
    return { folder, file: join(folder, name) };
  })();
  return packed;
}

/** An empty folder into which the package was installed, at `name` below the folder of the tarball. */
async function install(name: string, args: string[]): Promise<string> {
  const { folder, file } = await pack();
  const user = join(folder, name);
  await mkdir(user);
  await writeFile(join(user, 'package.json'), '{}');
  const quiet = ['--prefer-offline', '--no-audit', '--no-fund'];
  const { exitCode, stderr } = await inside(user, 'npm', ['install', ...quiet, file, ...args]);
  if (exitCode !== 0) throw new Error(stderr);
  return user;
}

let full: Promise<string> | undefined;

function installed(): Promise<string> {
  full ??= install('user', ['@types/node@20']);
  return full;
}

test.after.always(async () => {
  if (packed) await rm((await packed).folder, { recursive: true, force: true });
});

test('every folder with a door is exported under its name', (t) => {
  for (const folder of ['tokenizer', 'shards', 'pipeline', 'trainer', 'evaluation']) {
    if (existsSync(join(ROOT, folder, 'index.ts'))) t.true(NAMES.includes(`codec-lm/${folder}`));
  }
});

const isAsked = Boolean(process.env.CI || process.env.CODEC_LM_TEST_LONG);

/** One after the other: they share a folder, and the last one what the one before made. */
function packaged(title: string, body: (t: ExecutionContext) => Promise<void>) {
  const whole = async (t: ExecutionContext) => {
    t.timeout(600_000, 'npm installs');
    await body(t);
  };
  if (isAsked) test.serial(title, whole);
  else test.skip(`${title} (skipped: CI and \`npm run test:long\` install the package)`, whole);
}

packaged('the tarball holds what runs: dist, presets and types, and no source', async (t) => {
  const { file } = await pack();
  const { stdout } = await execa('tar', ['-tzf', file]);
  const files = stdout.split('\n').map((line) => line.replace(/^package\//, ''));
  for (const expected of [
    'bin/codec-lm.js',
    'dist/cli/codec-lm/main.js',
    'dist/trainer/index.d.ts',
    'dist/trainer/config/presets/tiny.yaml',
    'dist/types/parquetjs-lite.d.ts',
  ]) {
    t.true(files.includes(expected), expected);
  }
  t.deepEqual(
    files.filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts')),
    [],
  );
});

packaged('every door can be imported', async (t) => {
  const user = await installed();
  const script = `for (const name of ${JSON.stringify(NAMES)}) {
    const door = await import(name);
    if (!door.CodecLmError) throw new Error(name);
  }`;
  const run = await inside(user, 'node', ['--input-type=module', '--eval', script]);
  t.is(run.stderr, '');
  t.is(run.exitCode, 0);
});

packaged('the declarations of every door compile without skipLibCheck', async (t) => {
  const user = await installed();
  const imports = NAMES.map((name, i) => `import * as door${i} from '${name}';`);
  const uses = NAMES.map((_, i) => `new door${i}.CodecLmError('USAGE', 'x').exitCode`);
  const code = `${imports.join('\n')}
import { openDataset } from 'codec-lm/shards';
export const codes: number[] = [${uses.join(', ')}];
export async function rows(dir: string): Promise<number> {
  const dataset = await openDataset(dir);
  await dataset.close();
  return dataset.manifest.totals.documents;
}
// @ts-expect-error a folder has to be named: the types are there
void openDataset();
`;
  await writeFile(join(user, 'user.mts'), code);
  const compilerOptions = {
    target: 'es2022',
    module: 'nodenext',
    strict: true,
    noEmit: true,
    types: ['node'],
  };
  await writeFile(
    join(user, 'tsconfig.json'),
    JSON.stringify({ compilerOptions, files: ['user.mts'] }),
  );
  const run = await inside(user, join(ROOT, 'node_modules', '.bin', 'tsc'), ['-p', '.']);
  t.is(run.stdout, '');
  t.is(run.exitCode, 0);
});

packaged('each program runs, from pictures to samples, without tsx and TypeScript', async (t) => {
  const user = await installed();
  const modules = await readdir(join(user, 'node_modules'));
  t.deepEqual(
    modules.filter((name) => ['tsx', 'typescript', 'esbuild'].includes(name)),
    [],
  );
  await mkdir(join(user, 'photos'));
  for (const [i, path] of PHOTOGRAPHS.slice(0, 4).entries()) {
    await copyFile(path, join(user, 'photos', `${i}.jpg`));
  }
  const env = { CODEC_LM_BACKEND: 'wasm', CODEC_LM_CACHE: join(user, 'cache') };
  const sizes = '--size 32 --seq-len 128';
  const small = '--set train.steps=1 --set train.seqLen=128 --set train.microBatch=1';
  const model = '--set model.layers=1 --set model.hiddenSize=64 --set model.intermediateSize=64';
  for (const command of [
    '--version',
    'setup',
    'doctor',
    `pipeline run images photos --out DS ${sizes} --merges 16`,
    'shards verify DS',
    'tokenizer train photos --size 32 --merges 16 --out TOK',
    `trainer fit --preset tiny --data DS --out RUN ${small} ${model} --set model.heads=2 --set model.kvHeads=2`,
    'trainer sample --checkpoint RUN --num 1 --to samples',
  ]) {
    const args = ['--no-install', 'codec-lm', ...command.split(' ')];
    const run = await inside(user, 'npx', args, env);
    t.is(run.exitCode, 0, `codec-lm ${command}: ${run.stderr}`);
  }
  t.true((await readdir(join(user, 'samples'))).some((name) => name.endsWith('.jpg')));
});

packaged('without optional packages shards are read, and what is missing is named', async (t) => {
  const user = await installed();
  const bare = await install('bare', ['--omit=optional']);
  const lean = ['--no-install', 'codec-lm'];
  const verify = await inside(bare, 'npx', [...lean, 'shards', 'verify', join(user, 'DS')]);
  t.is(verify.exitCode, 0, verify.stderr);
  const tokens = await inside(bare, 'npx', [...lean, 'tokenizer', 'inspect', join(user, 'TOK')]);
  t.is(tokens.exitCode, 0, tokens.stderr);
  for (const [command, name] of [
    [`pipeline run images ${join(user, 'photos')} --out DS`, 'sharp@'],
    [`trainer fit --preset tiny --data ${join(user, 'DS')} --out RUN`, '@tensorflow/tfjs@'],
  ]) {
    const run = await inside(bare, 'npx', [...lean, ...command.split(' ')]);
    t.is(run.exitCode, 2, run.stderr);
    t.regex(run.stderr, /npm install --include=optional.*\[TOOL_MISSING\]$/);
    t.true(run.stderr.includes(`npm install ${name}`), run.stderr);
  }
});
