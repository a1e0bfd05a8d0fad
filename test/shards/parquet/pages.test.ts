import { join } from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import {
  bitWidth,
  packBits,
  packedLength,
  surveyValues,
  unpackBits,
} from '../../../shards/parquet/bits.ts';
import { dictionaryOf } from '../../../shards/parquet/ids/dictionary.ts';
import { HeaderForm, MAX_PAGE_HEADER } from '../../../shards/parquet/ids/header-form.ts';
import { type Dictionary, IdsPageForm } from '../../../shards/parquet/ids/ids-page.ts';
import { PAGE_CHUNK } from '../../../shards/parquet/kernels.ts';
import { serializeDataHeader } from '../../../shards/parquet/pages.ts';
import { openShard } from '../../../shards/parquet/reader.ts';
import type { SequenceRow } from '../../../shards/parquet/rows.ts';
import { writeSequenceShard } from '../../../shards/parquet/writer.ts';
import { header } from '../../helpers/dataset.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';

/** Bit by bit, as the Parquet format puts it. */
function packSlowly(values: Uint16Array, width: number): Uint8Array {
  const packed = new Uint8Array(packedLength(values.length, width));
  for (const [i, value] of values.entries()) {
    for (let bit = 0; bit < width; bit++) {
      const at = i * width + bit;
      packed[at >> 3] |= ((value >> bit) & 1) << (at & 7);
    }
  }
  return packed;
}

function someValues(count: number, limit: number): Uint16Array {
  return Uint16Array.from(
    { length: count },
    (_, i) => (Math.imul(i + 1, 2_654_435_761) >>> 8) % limit,
  );
}

test('the kernels pack the very bits of the format, at every width and around every border', (t) => {
  const counts = [
    1,
    7,
    8,
    9,
    31,
    32,
    33,
    255,
    PAGE_CHUNK - 1,
    PAGE_CHUNK,
    PAGE_CHUNK + 1,
    2 * PAGE_CHUNK + 9,
  ];
  for (let width = 1; width <= 16; width++) {
    for (const count of counts) {
      const values = someValues(count, 2 ** width);
      const packed = new Uint8Array(packedLength(count, width) + 4).fill(0xee);
      packBits(values, width, packed, 2);
      t.is(
        Buffer.compare(packed.subarray(2, -2), packSlowly(values, width)),
        0,
        `${count}, ${width} bits`,
      );
      t.deepEqual([...packed.subarray(0, 2), ...packed.subarray(-2)], [0xee, 0xee, 0xee, 0xee]);
      const back = new Int32Array(count + 2).fill(-7);
      const most = unpackBits(packed.subarray(2, -2), width, back, 1, count);
      t.true(
        values.every((value, i) => back[i + 1] === value),
        `${count}, ${width} bits`,
      );
      t.is(
        most,
        values.reduce((a, b) => Math.max(a, b), 0),
      );
      t.deepEqual([back[0], back[count + 1]], [-7, -7]);
    }
  }
});

test('a survey counts what is there, whatever chunks are filled up with', (t) => {
  for (const count of [0, 1, 31, 32, 1000, PAGE_CHUNK + 5]) {
    const values = someValues(count, 7);
    const survey = surveyValues(values, 0, 3);
    const expected = {
      most: values.reduce((a, b) => Math.max(a, b), 0),
      first: values.filter((value) => value === 0).length,
      second: values.filter((value) => value === 3).length,
    };
    t.deepEqual(survey, expected, `${count} values`);
  }
});

test('a header made from its form is the one that thrift makes, for any checksum', (t) => {
  const anything = fc.tuple(fc.nat({ max: 2 ** 24 }), fc.nat({ max: 2 ** 25 }), fc.integer());
  fc.assert(
    fc.property(anything, ([values, length, crc]) => {
      const form = new HeaderForm('PLAIN_DICTIONARY', values, length);
      const target = Buffer.alloc(MAX_PAGE_HEADER + 3);
      const start = form.write(target, MAX_PAGE_HEADER, crc);
      const written = target.subarray(start, MAX_PAGE_HEADER);
      const thrift = serializeDataHeader('PLAIN_DICTIONARY', values, length, crc);
      const found = form.match(target.subarray(start));
      const other = new HeaderForm('PLAIN_DICTIONARY', values + 1, length).match(written);
      return (
        thrift.equals(written) && found?.crc === crc && found.start === written.length && !other
      );
    }),
  );
  t.pass();
});

test('an index behind the dictionary is refused, though the checksum is right', (t) => {
  const ids = Uint16Array.from({ length: 5 }, (_, i) => i);
  const form = new IdsPageForm(2, 4, ids.length);
  const buffer = Buffer.alloc(form.room);
  const dictionary: Dictionary = { ids, isIdentity: true };
  const target = new Uint16Array(8);
  form.decode(
    form.encode(Uint16Array.of(0, 1, 2, 3, 4, 3, 2, 1), buffer, 0),
    dictionary,
    target,
    0,
  );
  t.deepEqual([...target], [0, 1, 2, 3, 4, 3, 2, 1]);
  const wrong = form.encode(Uint16Array.of(0, 1, 2, 3, 4, 5, 2, 1), buffer, 0);
  t.throws(() => form.decode(wrong, dictionary, target, 0), {
    message: /index 5 of a dictionary of 5/,
  });
});

test('a dictionary is the vocabulary, unless the ids that occur need fewer bits', (t) => {
  const ids = (...list: number[]) => [Uint16Array.from(list)];
  t.deepEqual(dictionaryOf(ids(3, 900, 3), 1000), {
    ids: Uint16Array.of(3, 900),
    isIdentity: false,
  });
  t.deepEqual(dictionaryOf(ids(1, 0, 1), 1000), { ids: Uint16Array.of(0, 1), isIdentity: true });
  const half = Array.from({ length: 512 }, (_, i) => 2 * i);
  const compact = dictionaryOf(ids(...half.slice(0, 500), ...half), 1024);
  t.is(bitWidth(compact.ids.length), 9);
  t.false(compact.isIdentity);
  const whole = dictionaryOf([...ids(...half), ...ids(1)], 1024);
  t.deepEqual([whole.ids.length, whole.isIdentity], [1024, true]);
});

test('shards written at the same time are as if written one after the other', async (t) => {
  const dir = await temporaryFolder(t);
  const seqLen = 5000;
  const rowsOf = (seed: number) =>
    Array.from({ length: 320 }, (_, row): SequenceRow => {
      const ids = someValues(seqLen, 200 + 60 * seed).map((id) => (id * (row + 1)) % 579);
      return { ids, docIds: Int32Array.of(row), docStarts: Int32Array.of(0) };
    });
  const own = { ...header, seqLen, vocabSize: 579 };
  const write = (name: string, seed: number) => {
    return writeSequenceShard(join(dir, `${name}-${seed}.parquet`), rowsOf(seed), own);
  };
  const seeds = [1, 2];
  const together = await Promise.all(seeds.map((seed) => write('together', seed)));
  for (const [i, seed] of seeds.entries()) {
    t.is((await write('alone', seed)).sha256, together[i].sha256);
  }
  const shards = await Promise.all(
    together.map(({ file }) => openShard(join(dir, file.split('/')[1]))),
  );
  const read = await Promise.all(shards.map((shard) => shard.readIds(100, 150)));
  for (const [i, seed] of seeds.entries()) {
    const expected = rowsOf(seed)
      .slice(100, 250)
      .flatMap(({ ids }) => [...ids]);
    t.true(Buffer.from(read[i].buffer).equals(Buffer.from(Uint16Array.from(expected).buffer)));
    await shards[i].close();
  }
});
