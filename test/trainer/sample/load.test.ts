import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { FloatType } from '../../../base/safetensors/floats.ts';
import { streamSafetensors } from '../../../base/safetensors/safetensors.ts';
import type { LoadEvent } from '../../../trainer/events.ts';
import { parameterShapes } from '../../../trainer/model/config.ts';
import { initialWeights } from '../../../trainer/model/init.ts';
import { loadEngine, readCheckpoint } from '../../../trainer/sample/load.ts';
import { makeCheckpoint } from '../../helpers/checkpoint.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';
import { run } from '../../helpers/workplace.ts';

const SIZE = { sequences: 1, positions: 64, threads: 1 };
const noBackend = () => Promise.reject(new Error('this model has kernels of its own'));

async function checkpointOf(t: ExecutionContext, dtype: FloatType): Promise<string> {
  const dir = await temporaryFolder(t);
  const config = await makeCheckpoint(dir, { hiddenSize: 64 });
  await streamSafetensors(join(dir, 'model.safetensors'), {
    shapes: parameterShapes(config),
    tensors: (async function* () {
      for (const [name, { data }] of initialWeights(config, 1)) yield [name, data] as const;
    })(),
    dtype,
  });
  return dir;
}

for (const [dtype, type] of [
  ['F32', 'fp32'],
  ['BF16', 'bf16'],
  ['F16', 'fp16'],
] as const) {
  test(`weights of a ${dtype} file stay ${type}; other ones when they are asked for`, async (t) => {
    const checkpoint = await readCheckpoint(await checkpointOf(t, dtype));
    const events: LoadEvent[] = [];
    const engine = await loadEngine(checkpoint, SIZE, noBackend, (event) => {
      if (event.type === 'loading') events.push(event);
    });
    t.regex(engine.description, new RegExp(`weights ${type}`));
    await engine.dispose();
    const { bytes, totalBytes } = events.at(-1)!;
    t.is(bytes, totalBytes);
    t.true(events.length > 10 && events[0].bytes < totalBytes);
    const narrow = await loadEngine(checkpoint, { ...SIZE, weights: 'int8' }, noBackend);
    t.regex(narrow.description, /weights int8/);
    await narrow.dispose();
  });
}

test('narrow weights, and keys and values, of a model that the kernels do not take are refused', async (t) => {
  const dir = await temporaryFolder(t);
  await makeCheckpoint(dir, { hiddenSize: 24 });
  const checkpoint = await readCheckpoint(dir);
  for (const [option, message] of [
    [{ weights: 'int8' }, /weights int8: a model of these sizes is computed by tfjs/],
    [{ cache: 'bf16' }, /cache bf16: a model of these sizes is computed by tfjs/],
  ] as const) {
    const loading = loadEngine(checkpoint, { ...SIZE, ...option }, noBackend);
    await t.throwsAsync(loading, { code: 'CONFIG_INVALID', message });
  }
});

test('--weights: samples of int8 are the same for any batch and threads, and said in their description', async (t) => {
  const checkpoint = await checkpointOf(t, 'F32');
  const draw = async (...flags: string[]) => {
    const to = join(await temporaryFolder(t), 'samples');
    const given = ['--checkpoint', checkpoint, '--to', to, '--num', '3', '--max-tokens', '300'];
    const done = await run('trainer', ['sample', ...given, ...flags]);
    t.is(done.exitCode, 0, done.stderr);
    const names = [0, 1, 2].map((i) => `0000000${i}`);
    const described = JSON.parse(await readFile(join(to, `${names[0]}.json`), 'utf8'));
    const files = await Promise.all(names.map((name) => readFile(join(to, `${name}.jpg`))));
    return { files, weights: described.settings.weights };
  };
  const one = await draw('--weights', 'int8', '--batch', '1', '--threads', '1');
  t.is(one.weights, 'int8');
  t.deepEqual(await draw('--weights', 'int8', '--batch', '3', '--threads', '2'), one);
  const other = await draw();
  t.is(other.weights, undefined);
  t.notDeepEqual(other.files, one.files);
});

test('a model with the keys and values of more tokens than the machine holds is refused before it is read', async (t) => {
  const checkpoint = await readCheckpoint(await checkpointOf(t, 'F32'));
  const events: unknown[] = [];
  const size = { ...SIZE, positions: 2 ** 30 };
  await t.throwsAsync(
    loadEngine(checkpoint, size, noBackend, (event) => events.push(event)),
    {
      code: 'MEMORY_LIMIT',
      message: /keys and values of 1073741824 tokens/,
    },
  );
  t.is(events.length, 0);
});
