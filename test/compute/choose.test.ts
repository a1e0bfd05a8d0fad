import { fileURLToPath } from 'node:url';
import test from 'ava';
import { execa } from 'execa';
import { pickInstalled } from '../../compute/native.ts';
import { temporaryFolder } from '../helpers/temporary.ts';
import { testIf } from '../helpers/tools.ts';

const PROBE = fileURLToPath(new URL('./probe.ts', import.meta.url));

/** tfjs has one engine a process, so each backend is looked at in a process of its own. */
async function probe(env: Record<string, string>) {
  const run = await execa('node', ['--import=tsx', PROBE], { env });
  return { ...JSON.parse(run.stdout), stderr: run.stderr };
}

const installed = pickInstalled();
const nativeTest = (title: string, body: Parameters<typeof testIf>[3]) =>
  testIf(installed !== undefined, 'the native backend is not set up here', title, body);

test('wasm runs with nothing but npm, and says why it runs', async (t) => {
  const { name, lines, reason, values, raw, stderr } = await probe({ CODEC_LM_BACKEND: 'wasm' });
  t.is(name, 'wasm');
  t.deepEqual(lines, [reason]);
  t.regex(reason, /^backend: wasm with SIMD.* it was requested$/);
  t.deepEqual(values.largest, [3, 2, 6, 5]);
  t.is(raw, undefined);
  t.is(stderr, '');
});

nativeTest('native and wasm agree in values and gradients', async (t) => {
  const [native, wasm] = await Promise.all([
    probe({ CODEC_LM_BACKEND: 'native' }),
    probe({ CODEC_LM_BACKEND: 'wasm' }),
  ]);
  t.is(native.name, 'native');
  for (const key of ['loss', 'gradient', 'softmax', 'largest']) {
    const pairs = native.values[key].map((value: number, i: number) =>
      Math.abs(value - wasm.values[key][i]),
    );
    t.true(Math.max(...pairs) < 1e-5, `${key}: ${native.values[key]} and ${wasm.values[key]}`);
  }
});

nativeTest("native runs raw TensorFlow ops, and TensorFlow's log is quiet", async (t) => {
  const { raw, versions, reason, stderr } = await probe({ CODEC_LM_BACKEND: 'native' });
  t.deepEqual(raw, [2, 4, 6, 8, 10, 12]);
  t.is(versions.libtensorflow, installed?.libtensorflow);
  t.true(reason.startsWith('backend: native, libtensorflow '));
  t.is(stderr, '');
});

test('auto falls back to wasm, with the reason; native by name does not', async (t) => {
  const empty = await temporaryFolder(t);
  const [auto, native] = await Promise.all([
    probe({ CODEC_LM_CACHE: empty, CODEC_LM_BACKEND: 'auto' }),
    probe({ CODEC_LM_CACHE: empty, CODEC_LM_BACKEND: 'native' }),
  ]);
  t.is(auto.name, 'wasm');
  t.regex(auto.reason, /not set up here; `npx codec-lm setup`/);
  t.is(native.code, 'BACKEND_UNAVAILABLE');
});

test('an unknown backend is an error of usage', async (t) => {
  t.is((await probe({ CODEC_LM_BACKEND: 'cuda' })).code, 'CONFIG_INVALID');
});
