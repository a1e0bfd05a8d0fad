/** The form of torch.save before release 1.6: one file that torch wrote, and damaged ones put together by hand. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { CodecLmError } from '../../../base/error.ts';
import { toFloat32 } from '../../../base/safetensors/floats.ts';
import { listTorchTensors } from '../../../trainer/torch/file.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';
import { oldTensor, oldTorchFile, pickle } from '../../helpers/torch.ts';

const GOLDEN = join(import.meta.dirname, '../../golden/torch');

async function written(t: ExecutionContext, content: Buffer): Promise<string> {
  const path = join(await temporaryFolder(t), 'weights.pth');
  await writeFile(path, content);
  return path;
}

async function valuesOf(path: string): Promise<Record<string, unknown>> {
  const found: Record<string, unknown> = {};
  for (const [name, stored] of await listTorchTensors(path)) {
    const bytes = await stored.read();
    const values =
      stored.dtype === 'I64'
        ? [...new BigInt64Array(new Uint8Array(bytes).buffer)].map(Number)
        : [...toFloat32(bytes, stored.dtype as 'F32')];
    found[name] = { dtype: stored.dtype, shape: stored.shape, values };
  }
  return found;
}

const named = (name: string, value: Buffer) => pickle.dict(pickle.text(name), value);

test('a file that torch itself wrote: types, views, a shared storage', async (t) => {
  const expected = JSON.parse(await readFile(join(GOLDEN, 'old-form.json'), 'utf8'));
  t.deepEqual(await valuesOf(join(GOLDEN, 'old-form.pth')), expected.tensors);
});

test('a file put together by hand', async (t) => {
  const dict = pickle.dict(
    ...[pickle.text('both'), oldTensor()],
    ...[pickle.text('second'), oldTensor({ offset: 1, shape: [1] })],
  );
  t.deepEqual(await valuesOf(await written(t, oldTorchFile(dict))), {
    both: { dtype: 'F32', shape: [2], values: [1, 2] },
    second: { dtype: 'F32', shape: [1], values: [2] },
  });
});

test('what is wrong with a file is said, and nothing of it is used before', async (t) => {
  const whole = named('w', oldTensor());
  const keys = (...names: string[]) =>
    Buffer.concat([
      Buffer.from(']'),
      ...names.flatMap((name) => [pickle.text(name), Buffer.from('a')]),
    ]);
  const view = pickle.tuple(pickle.text('1'), pickle.int(0), pickle.int(2));
  const twice = pickle.dict(
    ...[pickle.text('a'), oldTensor()],
    ...[pickle.text('b'), oldTensor({ storage: 'HalfStorage' })],
  );
  const cases: [Buffer, RegExp][] = [
    [oldTorchFile(whole, { version: 1002 }), /version 1002, not 1001/],
    [oldTorchFile(whole, { littleEndian: Buffer.of(0x89) }), /not little-endian/],
    [oldTorchFile(pickle.int(3)), /storage that no tensor has/],
    [oldTorchFile(pickle.dict(), { keys: keys() }), /16 bytes are left over/],
    [oldTorchFile(whole, { keys: keys() }), /bytes are left over/],
    [oldTorchFile(whole, { keys: pickle.int(1) }), /no list of its storages/],
    [oldTorchFile(whole, { keys: keys('0', '0') }), /lists 0 twice/],
    [oldTorchFile(whole, { keys: keys('1') }), /storage that no tensor has/],
    [oldTorchFile(whole, { count: 3n }), /the storage 0 has 3 elements, not 2/],
    [oldTorchFile(whole, { count: 2n ** 62n }), /elements, not 2/],
    [oldTorchFile(whole, { behind: Buffer.alloc(5) }), /5 bytes are left over/],
    [oldTorchFile(named('w', oldTensor({ length: 3 })), { count: 3n }), /ends at byte/],
    [oldTorchFile(named('w', oldTensor({ shape: [3] }))), /ends behind its storage 0, which has 2/],
    [oldTorchFile(named('w', oldTensor({ more: [view] }))), /view of another one/],
    [oldTorchFile(named('w', oldTensor({ more: [pickle.int(1), pickle.int(1)] }))), /other than/],
    [oldTorchFile(twice), /described in two ways/],
    [oldTorchFile(named('w', pickle.global('os', 'sep'))), /"os\.sep" of Python/],
    [oldTorchFile(named('w', pickle.int(3))), /storage that no tensor has/],
    [oldTorchFile(whole).subarray(0, 60), /bytes are wanted|without an end/],
  ];
  for (const [content, message] of cases) {
    const path = await written(t, content);
    const error = await t.throwsAsync(listTorchTensors(path), { instanceOf: CodecLmError });
    t.is(error.code, 'CHECKPOINT_INVALID', error.message);
    t.regex(error.message, message);
    t.true(error.message.startsWith(path));
  }
});

test('a file that is cut off anywhere is an error, and a changed byte is one or other values', async (t) => {
  const whole = await readFile(join(GOLDEN, 'old-form.pth'));
  const path = await written(t, whole);
  for (let at = 0; at < whole.length; at += 7) {
    await writeFile(path, whole.subarray(0, at));
    await t.throwsAsync(listTorchTensors(path), { instanceOf: CodecLmError }, `cut at ${at}`);
    const damaged = Buffer.from(whole);
    damaged[at] ^= 0x55;
    await writeFile(path, damaged);
    try {
      await valuesOf(path);
    } catch (error) {
      if (!(error instanceof CodecLmError)) throw error;
    }
  }
  t.pass();
});
