import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { execa } from 'execa';
import { temporaryFolder } from '../helpers/temporary.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

function start(args: string[], env: Record<string, string>) {
  return execa('node', ['bin/start.js', ...args], { cwd: ROOT, env, reject: false });
}

/** Nothing listens on the discard port of the loopback. */
const UNREACHABLE = {
  PIP_INDEX_URL: 'http://127.0.0.1:9/simple',
  PIP_FIND_LINKS: '',
  TFJS_NODE_CDN_STORAGE: 'http://127.0.0.1:9/',
  NO_PROXY: '127.0.0.1',
  HTTPS_PROXY: '',
  HTTP_PROXY: '',
  https_proxy: '',
  http_proxy: '',
};

test('with native out of reach, one line says that wasm runs and why, and set-up is content', async (t) => {
  const cache = await temporaryFolder(t);
  const env = { ...UNREACHABLE, CODEC_LM_CACHE: cache, CODEC_LM_BACKEND: 'auto' };
  const run = await start(['setup/cli.ts'], env);
  t.is(run.exitCode, 0);
  const last = run.stderr.split('\n').at(-1)!;
  t.regex(last, /^setup: the wasm backend will be used, slower than native, because: /);
  t.regex(last, /TensorFlow wheel: .*; tfjs-node-gpu's own installer: .*ECONNREFUSED/);
  t.deepEqual(readdirSync(cache), []);
});

test('asked for by name, a native backend that cannot be had is an error', async (t) => {
  const env = {
    ...UNREACHABLE,
    CODEC_LM_CACHE: await temporaryFolder(t),
    CODEC_LM_BACKEND: 'native',
  };
  const run = await start(['setup/cli.ts'], env);
  t.is(run.exitCode, 1);
  t.regex(run.stderr, /no native backend could be set up.*\[BACKEND_UNAVAILABLE\]$/);
});

test('with wasm asked for, nothing is downloaded', async (t) => {
  const cache = await temporaryFolder(t);
  const run = await start(['setup/cli.ts', '--json'], {
    CODEC_LM_CACHE: cache,
    CODEC_LM_BACKEND: 'wasm',
  });
  t.is(run.exitCode, 0);
  t.deepEqual(JSON.parse(run.stdout), { backend: 'wasm' });
  t.deepEqual(readdirSync(cache), []);
});

test('the doctor lists what is here and hints at what is missing', async (t) => {
  const env = {
    CODEC_LM_CACHE: await temporaryFolder(t),
    CODEC_LM_BACKEND: '',
    CXX: 'no-such-compiler',
  };
  const run = await start(['cli/codec-lm/main.ts', 'doctor', '--json'], env);
  t.is(run.exitCode, 0);
  const findings = run.stdout.split('\n').map((line) => JSON.parse(line));
  const find = (name: string) => findings.find((finding) => finding.name === name);
  t.true(find('Node').ok);
  t.regex(find('Images').found, /libvips \d+/);
  t.false(find('Backend').ok);
  t.is(find('Backend').hint, 'run `npx codec-lm setup`');
  t.false(find('C++').ok);
  t.regex(find('C++').hint, /g\+\+/);
});
