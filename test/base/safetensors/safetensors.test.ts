import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { readSafetensors, writeSafetensors } from '../../../base/safetensors/safetensors.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';

const TENSORS = new Map([
  ['b', { shape: [2, 3], data: Float32Array.of(1, -2, 3.5, 0, 1e-40, -1e30) }],
  ['a', { shape: [], data: Float32Array.of(7) }],
  ['none', { shape: [0, 4], data: new Float32Array(0) }],
]);

test('what was written is read back; the same tensors give the same bytes', async (t) => {
  const dir = await temporaryFolder(t);
  const [first, second] = ['1.safetensors', '2.safetensors'].map((name) => join(dir, name));
  for (const path of [first, second]) await writeSafetensors(path, TENSORS, { format: 'pt' });
  const file = await readSafetensors(first);
  t.deepEqual(file.metadata, { format: 'pt' });
  t.deepEqual(new Map([...file.tensors].sort()), new Map([...TENSORS].sort()));
  t.deepEqual(await readFile(first), await readFile(second));
  t.deepEqual((await readdir(dir)).sort(), ['1.safetensors', '2.safetensors']);
});

test('16-bit formats are widened exactly', async (t) => {
  const dir = await temporaryFolder(t);
  const path = join(dir, 'half.safetensors');
  const halves = [0x3c00, 0xc000, 0x0001, 0x8000, 0x7c00, 0x03ff, 0x7bff];
  const header = {
    h: { dtype: 'F16', shape: [7], data_offsets: [0, 14] },
    b: { dtype: 'BF16', shape: [2], data_offsets: [14, 18] },
  };
  const data = Buffer.from(Uint16Array.from([...halves, 0x3f80, 0xc0a0]).buffer);
  await writeFile(path, raw(JSON.stringify(header), data));
  const { tensors } = await readSafetensors(path);
  const expected = [1, -2, 2 ** -24, -0, Number.POSITIVE_INFINITY, 1023 * 2 ** -24, 65504];
  t.deepEqual([...tensors.get('h')!.data], expected);
  t.deepEqual([...tensors.get('b')!.data], [1, -5]);
});

const entry = (changes: object) =>
  JSON.stringify({ w: { dtype: 'F32', shape: [2], data_offsets: [0, 8], ...changes } });
const eight = Buffer.alloc(8);

const hostile: Record<string, [Buffer, RegExp]> = {
  'an empty file': [Buffer.alloc(0), /too few/],
  'a header longer than the file': [raw('{}', eight, 1000n), /claims 1000 bytes/],
  'a header of 2^63 bytes': [raw('{}', eight, 2n ** 63n), /claims/],
  'not JSON': [raw('{"w":', eight), /the header is not JSON/],
  'a list': [raw('[1]', eight), /not a JSON object/],
  'an unknown type': [raw(entry({ dtype: 'I64' }), eight), /tensor w: dtype/],
  'a negative length': [raw(entry({ shape: [-2] }), eight), /tensor w: shape/],
  'a shape that does not fit': [raw(entry({ shape: [3] }), eight), /\[3\] of F32 is not 8 bytes/],
  'a huge shape': [raw(entry({ shape: [2 ** 29, 2 ** 29] }), eight), /is not 8 bytes/],
  'offsets past the end': [
    raw(entry({ shape: [4], data_offsets: [0, 16] }), eight),
    /take 16 bytes, the file has 8/,
  ],
  'a hole': [
    raw(entry({ shape: [1], data_offsets: [4, 8] }), eight),
    /begins at byte 4 of the data, not 0/,
  ],
  'bytes after the tensors': [raw(entry({}), Buffer.alloc(12)), /the file has 12/],
  'an unknown key': [raw(entry({ extra: 1 }), eight), /tensor w/],
  'metadata that is no text': [raw('{"__metadata__":{"a":1}}', Buffer.alloc(0)), /__metadata__/],
};

for (const [title, [bytes, message]] of Object.entries(hostile)) {
  test(`refused: ${title}`, async (t) => {
    const path = join(await temporaryFolder(t), 'x.safetensors');
    await writeFile(path, bytes);
    const error = await t.throwsAsync(readSafetensors(path), { code: 'CHECKPOINT_INVALID' });
    t.regex(error!.message, message);
  });
}

test('a missing file is named', async (t) => {
  const path = join(await temporaryFolder(t), 'gone.safetensors');
  const error = await t.throwsAsync(readSafetensors(path), { code: 'INPUT_NOT_FOUND' });
  t.true(error!.message.includes(path));
});

function raw(header: string, data: Buffer, length = BigInt(header.length)): Buffer {
  const start = Buffer.alloc(8);
  start.writeBigUInt64LE(length);
  return Buffer.concat([start, Buffer.from(header), data]);
}
