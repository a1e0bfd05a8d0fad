/** Statistics as .npz files: what NumPy writes is read, what is written NumPy reads, damage is named. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import test from 'ava';
import { encodeNpy, parseNpy, parseNpyText } from '../../../evaluation/npz/npy.ts';
import {
  readStatistics,
  type Statistics,
  writeStatistics,
} from '../../../evaluation/npz/statistics.ts';
import { writeZip } from '../../../evaluation/npz/zip.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';

const SMALL: Statistics = {
  dims: 2,
  mu: Float64Array.of(0.1, -2),
  sigma: Float64Array.of(1, 0.5, 0.5, 3),
  features: { count: 3, dims: 2, data: Float32Array.of(1, 2, 3, 4, 5, 6) },
  network: 'FID-Inception',
  resize: 'clean',
};

/** As `numpy.savez_compressed(mu=…, sigma=…)` of NumPy 2.4 writes it, sizes of ZIP64 and all. */
const NUMPY = new URL('../../golden/evaluation/numpy.npz', import.meta.url);

test('what is written is read again, to the last bit', async (t) => {
  const path = join(await temporaryFolder(t), 'a.npz');
  await writeStatistics(path, SMALL);
  t.deepEqual(await readStatistics(path), { ...SMALL, logits: undefined });
});

test('the same statistics give the same bytes', async (t) => {
  const folder = await temporaryFolder(t);
  const paths = ['a.npz', 'b.npz'].map((name) => join(folder, name));
  for (const path of paths) await writeStatistics(path, SMALL);
  t.deepEqual(await readFile(paths[0]), await readFile(paths[1]));
});

test("NumPy's compressed file is read, Fortran's order too", async (t) => {
  const { mu, sigma, features } = await readStatistics(NUMPY.pathname);
  t.deepEqual([...mu], [0.5, -1.25, 3]);
  t.deepEqual([...sigma], [1, 2, 3, 4, 5, 6, 7, 8, 9]);
  t.is(features, undefined);
});

test('a file that is damaged, cut off or of another kind is named, with what is wrong', async (t) => {
  const folder = await temporaryFolder(t);
  const path = join(folder, 'a.npz');
  const whole = await readFile(NUMPY);
  const cases: [Buffer, RegExp][] = [
    [Buffer.from('not a zip archive at all, but long enough'), /no zip archive/],
    [Buffer.alloc(0), /no zip archive/],
    [whole.subarray(0, whole.length - 30), /no zip archive/],
    [Buffer.concat([whole.subarray(100)]), /begin|ends|directory|checksum|claims/],
  ];
  const flipped = Buffer.from(whole);
  flipped[80] ^= 0xff;
  cases.push([flipped, /damaged/]);
  for (const [bytes, reason] of cases) {
    await writeFile(path, bytes);
    const error = await t.throwsAsync(readStatistics(path), { code: 'STATISTICS_INVALID' });
    t.true(error!.message.startsWith(path));
    t.regex(error!.message, reason);
  }
});

test('any byte of a file may be another: it is read or refused, never more', async (t) => {
  const path = join(await temporaryFolder(t), 'a.npz');
  await writeStatistics(path, SMALL);
  const whole = await readFile(path);
  let refused = 0;
  for (let at = 0; at < whole.length; at += 13) {
    const bytes = Buffer.from(whole);
    bytes[at] ^= 0x81;
    await writeFile(path, bytes);
    const error = await readStatistics(path).then(
      () => undefined,
      (thrown) => thrown,
    );
    if (error === undefined) continue;
    refused++;
    t.true(['STATISTICS_INVALID', 'NOT_FINITE'].includes(error.code), `${at}: ${error}`);
  }
  t.true(refused > 20);
});

test('arrays that do not fit together are refused', async (t) => {
  const path = join(await temporaryFolder(t), 'a.npz');
  const vector = (...values: number[]) =>
    encodeNpy({ shape: [values.length], data: Float64Array.from(values) });
  const square = encodeNpy({ shape: [2, 2], data: Float64Array.of(1, 0, 0, 1) });
  const cases: [Record<string, Uint8Array[]>, string, RegExp][] = [
    [{ mu: vector(1, 2) }, 'STATISTICS_INVALID', /it has no sigma; in it is mu.npy/],
    [{}, 'STATISTICS_INVALID', /it has no mu; in it is nothing/],
    [{ mu: vector(1, 2, 3), sigma: square }, 'STATISTICS_INVALID', /sigma is \[2,2\].*3 features/],
    [{ mu: square, sigma: square }, 'STATISTICS_INVALID', /mu is \[2,2\]/],
    [{ mu: vector(1, Number.NaN), sigma: square }, 'NOT_FINITE', /mu: element 1 is NaN/],
  ];
  for (const [arrays, code, message] of cases) {
    const members = Object.entries(arrays).map(([name, parts]) => ({ name: `${name}.npy`, parts }));
    await writeZip(path, members);
    await t.throwsAsync(readStatistics(path), { code, message });
  }
});

test('headers of arrays are not believed', (t) => {
  const header = (text: string, data = Buffer.alloc(16)) => {
    const head = Buffer.from(`\x93NUMPY\x01\x00\x00\x00${text}`, 'latin1');
    head.writeUInt16LE(text.length, 8);
    return Buffer.concat([head, data]);
  };
  const cases: [Buffer, RegExp][] = [
    [header("{'descr': '|O', 'fortran_order': False, 'shape': (2,), }"), /a pickle/],
    [header("{'descr': '<f8', 'fortran_order': False, 'shape': (3,), }"), /\[3\] of <f8 is not 16/],
    [header("{'descr': '>f8', 'fortran_order': False, 'shape': (2,), }"), /type >f8/],
    [header("{'descr': '<f8', 'fortran_order': False, 'shape': (99999999, 99999999), }"), /shape/],
    [header("{'shape': (2,)}"), /does not say/],
    [Buffer.from('\x93NUMPY\x01\x00\xff\xff{}', 'latin1'), /header claims/],
  ];
  for (const [bytes, message] of cases) {
    t.throws(() => parseNpy(bytes, 'x'), { code: 'STATISTICS_INVALID', message });
  }
  const text = header("{'descr': '<U9999', 'fortran_order': False, 'shape': (), }");
  t.throws(() => parseNpyText(text, 'x'), { code: 'STATISTICS_INVALID' });
});

test('a member that inflates to more than it claims ends there', async (t) => {
  const path = join(await temporaryFolder(t), 'bomb.npz');
  const content = deflateRawSync(Buffer.alloc(10_000_000));
  await writeZip(path, [{ name: 'mu.npy', parts: [content] }]);
  const bytes = await readFile(path);
  // The directory says that it is deflated, and 1,000 bytes long.
  const at = bytes.indexOf(Buffer.from('PK\x01\x02', 'latin1'));
  bytes.writeUInt16LE(8, at + 10);
  bytes.writeUInt32LE(1000, at + 24);
  await writeFile(path, bytes);
  await t.throwsAsync(readStatistics(path), { code: 'STATISTICS_INVALID', message: /mu.npy/ });
});
