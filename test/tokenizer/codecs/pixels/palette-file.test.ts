import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { pixels } from '../../../../tokenizer/codecs/pixels/index.ts';
import { readPalette } from '../../../../tokenizer/codecs/pixels/palette-file.ts';
import { temporaryFolder } from '../../../helpers/temporary.ts';

/** As numpy.save writes it. */
function npy(descr: string, shape: string, data: Buffer, order = 'False'): Buffer {
  const header = `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': (${shape}), }`;
  const padded = `${header}${' '.repeat(63 - ((10 + header.length) % 64))}\n`;
  const length = Buffer.from([padded.length & 255, padded.length >> 8]);
  return Buffer.concat([
    Buffer.from('\x93NUMPY\x01\x00', 'latin1'),
    length,
    Buffer.from(padded),
    data,
  ]);
}

const VALUES = [-1, 0, 1, 0.5, -0.5, 0.25];
const floats = (...values: number[]) => Buffer.from(Float32Array.from(values).buffer);

test('.npy of float32 and float64, row by row and column by column', async (t) => {
  const folder = await temporaryFolder(t);
  const files = {
    single: npy('<f4', '2, 3', floats(...VALUES)),
    double: npy('<f8', '2, 3', Buffer.from(Float64Array.from(VALUES).buffer)),
    fortran: npy('<f4', '2, 3', floats(-1, 0.5, 0, -0.5, 1, 0.25), 'True'),
  };
  for (const [name, file] of Object.entries(files)) {
    await writeFile(join(folder, name), file);
    t.deepEqual([...(await readPalette(join(folder, name)))], VALUES, name);
  }
});

const BAD: Record<string, [content: Buffer | string, problem: RegExp]> = {
  'transposed.npy': [npy('<f4', '3, 2', floats(...VALUES)), /its shape is 3x2, not colours x 3/],
  'flat.npy': [npy('<f4', '6,', floats(...VALUES)), /its shape is \(6,\), not \(colours, 3\)/],
  'nan.npy': [npy('<f4', '2, 3', floats(0, 0, 0, 0, Number.NaN, 0)), /colour 1 has the value NaN/],
  'bytes.npy': [npy('|u1', '2, 3', Buffer.alloc(6)), /numbers of type \|u1, not float32/],
  'unscaled.npy': [npy('<f4', '2, 3', floats(0, 0, 0, 255, 0, 0)), /colour 1 has the value 255/],
  'cut.npy': [npy('<f4', '2, 3', floats(0, 0, 0)), /12 bytes for 2x3 numbers of 4/],
  'huge.npy': [npy('<f4', '99999999, 3', floats(0)), /4 bytes for 99999999x3/],
  'head.npy': [Buffer.from('\x93NUMPY\x01\x00\xff\xff', 'latin1'), /only 10 bytes/],
  'other.json': ['{"size": 3}', /no list of lists of numbers named "clusters"/],
  'uneven.json': ['{"clusters": [[0, 0, 0], [0, 0]]}', /colour 1 has 2 values, not 3/],
  'wide.json': ['{"clusters": [[0, 0, 0, 0]]}', /its shape is 1x4, not colours x 3/],
  'null.json': ['{"clusters": [[0, 0, null]]}', /no list of lists of numbers/],
  'text.txt': ['hello', /is neither \.npy nor JSON/],
};

for (const [name, [content, problem]] of Object.entries(BAD)) {
  test(`${name}: ${problem.source}`, async (t) => {
    const path = join(await temporaryFolder(t), name);
    await writeFile(path, content);
    const error = await t.throwsAsync(readPalette(path), {
      code: 'CONFIG_INVALID',
      message: problem,
    });
    t.true(error.message.includes(path));
    t.is((error as { path?: string }).path, path);
  });
}

const golden = fileURLToPath(new URL('../../../golden/pixels/clusters.npy', import.meta.url));

test('a palette of another size than asked for, and one that does not fit its settings', async (t) => {
  await t.throwsAsync(pixels.open({ colours: 64 }, { clusters: golden }), {
    code: 'CONFIG_INVALID',
    message: /clusters\.npy holds 48 colours, 64 were asked for/,
  });
  const { settings } = await (await pixels.open({}, { clusters: golden })).encoder();
  await t.throwsAsync(pixels.open({ ...settings, colours: 47 }), {
    code: 'CONFIG_INVALID',
    message: 'Pixels clusters: 48 colours, not 47',
  });
  const nan = Buffer.from(await readFile(golden));
  nan.writeFloatLE(Number.NaN, nan.length - 4);
  const clusters = nan.subarray(nan.length - 48 * 12).toString('base64');
  await t.throwsAsync(pixels.open({ ...settings, clusters }), {
    code: 'CONFIG_INVALID',
    message: /colour 47 has the value NaN/,
  });
});

test('without a palette nothing is encoded or shown, and the message says what to give', async (t) => {
  const codec = await pixels.open({ size: 4 });
  t.is(codec.learning?.what, '512 colours');
  await t.throwsAsync(codec.encoder(), {
    code: 'CONFIG_INVALID',
    message: 'Pixels clusters: no colours are known yet',
  });
  await t.throwsAsync(codec.view(new Uint16Array(16)), { code: 'CONFIG_INVALID' });
});

test('documents of another size, colours beyond the palette and cuts that there are not', async (t) => {
  const codec = await pixels.open({ size: 4 }, { clusters: golden });
  const wrong = (symbols: Uint8Array, message: RegExp) =>
    t.throws(() => codec.check(symbols), { code: 'DOCUMENT_INVALID', message });
  wrong(new Uint8Array(15), /not an image of 4x4 pixels: it has 15 pixels/);
  wrong(
    Uint8Array.from({ length: 16 }, (_, i) => (i === 9 ? 48 : 0)),
    /pixel 9 is colour 48 of 48/,
  );
  const document = new Uint8Array(16);
  t.is(codec.cut(document, { ratio: 0.7 }), 8);
  t.is(codec.cut(document, { ratio: 1 }), 16);
  t.is(codec.cut(document, { ratio: 0 }), 0);
  t.throws(() => codec.cut(document, { ratio: 1.2 }), {
    code: 'USAGE',
    message: /between 0 and 1/,
  });
  t.throws(() => codec.cut(document, { frames: 1 }), { code: 'USAGE', message: /has no frames/ });
  t.throws(() => codec.cut(document, { marker: 1 }), { code: 'USAGE', message: /has no markers/ });
});
