import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import { openDataset } from '../../../shards/dataset/dataset.ts';
import { readDocuments, writeDocumentShard } from '../../../shards/dataset/documents.ts';
import { chainsOf, mergeByDocument } from '../../../shards/dataset/merge.ts';
import { bitWidth, packBits, packedLength, unpackBits } from '../../../shards/parquet/bits.ts';
import { crc32 } from '../../../shards/parquet/crc32.ts';
import { decodeLevels, encodeLevels } from '../../../shards/parquet/levels.ts';
import { openShard } from '../../../shards/parquet/reader.ts';
import type { SequenceRow } from '../../../shards/parquet/rows.ts';
import { writeSequenceShard } from '../../../shards/parquet/writer.ts';
import { header, makeDataset, someDocuments } from '../../helpers/dataset.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';

/** Bit by bit, as the standard defines it. */
function crc32ByTable(data: Uint8Array, before = 0): number {
  let crc = ~before;
  for (const byte of data) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return ~crc >>> 0;
}

test('bit packing keeps every value at every width', (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 65_536 }), fc.array(fc.nat()), (count, numbers) => {
      const values = Uint16Array.from(numbers, (number) => number % count);
      const width = bitWidth(count);
      const packed = new Uint8Array(packedLength(values.length, width));
      packBits(values, width, packed, 0);
      const back = new Uint16Array(values.length);
      const most = unpackBits(packed, width, back, 0, values.length);
      const isSame = Buffer.from(back.buffer).equals(Buffer.from(values.buffer));
      const wide = new Int32Array(values.length);
      const same = unpackBits(packed, width, wide, 0, values.length);
      const isSameWide = wide.every((value, i) => value === values[i]) && same === most;
      return isSame && isSameWide && most === Math.max(0, ...values);
    }),
  );
  t.pass();
});

test('levels keep the lengths of lists', (t) => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 70_000 }), { minLength: 1 }), (lengths) => {
      const values = lengths.reduce((sum, length) => sum + length, 0);
      const levels = encodeLevels(lengths);
      const decoded = decodeLevels(levels, lengths.length, values);
      return decoded.end === levels.length && lengths.every((l, i) => decoded.lengths[i] === l);
    }),
  );
  t.pass();
});

test('both checksums agree, and with the standard check value', (t) => {
  const data = Buffer.from('123456789');
  t.is(crc32(data), 0xcbf43926 | 0);
  t.is(crc32ByTable(data), 0xcbf43926);
});

const anyRow = (seqLen: number, vocabSize: number): fc.Arbitrary<SequenceRow> =>
  fc
    .tuple(
      fc.uint16Array({ minLength: seqLen, maxLength: seqLen, max: vocabSize - 1 }),
      fc.uniqueArray(fc.nat({ max: seqLen - 1 }), { maxLength: 5 }),
      fc.nat({ max: 2 ** 31 - 10 }),
    )
    .map(([ids, starts, firstDoc]) => {
      const docStarts = Int32Array.from(new Set([0, ...starts])).sort();
      return { ids, docStarts, docIds: docStarts.map((_, i) => firstDoc + i) };
    });

const anyShard = fc
  .tuple(fc.integer({ min: 1, max: 70 }), fc.integer({ min: 259, max: 65_536 }))
  .chain(([seqLen, vocabSize]) =>
    fc.record({
      seqLen: fc.constant(seqLen),
      vocabSize: fc.constant(vocabSize),
      rows: fc.array(anyRow(seqLen, vocabSize), { maxLength: 12 }),
    }),
  );

test('any rows come back as they were written', async (t) => {
  const dir = await temporaryFolder(t);
  const path = join(dir, 'part-00000.parquet');
  await fc.assert(
    fc.asyncProperty(anyShard, async ({ seqLen, vocabSize, rows }) => {
      const summary = await writeSequenceShard(path, rows, { ...header, seqLen, vocabSize });
      const shard = await openShard(path);
      const back: SequenceRow[] = [];
      for await (const row of shard.rows()) back.push(row);
      t.deepEqual(back.map(plain), rows.map(plain));
      t.is(summary.rows, rows.length);
      t.is(summary.tokens + summary.padding, rows.length * seqLen);
      if (rows.length > 0) {
        const middle = rows.length >> 1;
        t.deepEqual(plain(await shard.readRow(middle)), plain(rows[middle]));
      }
      await shard.close();
    }),
    { numRuns: 60 },
  );
});

function plain({ ids, docIds, docStarts }: SequenceRow) {
  return { ids: [...ids], docIds: [...docIds], docStarts: [...docStarts] };
}

test('several pages and row groups: any stretch of rows reads the same', async (t) => {
  const dir = await temporaryFolder(t);
  const path = join(dir, 'part-00000.parquet');
  const seqLen = 3000;
  const rows = Array.from({ length: 600 }, (_, row): SequenceRow => {
    const ids = Uint16Array.from({ length: seqLen }, (_, i) => (row * 7 + i * i) % 579);
    return { ids, docIds: Int32Array.of(row), docStarts: Int32Array.of(0) };
  });
  await writeSequenceShard(path, rows, { ...header, seqLen, vocabSize: 579 });
  const shard = await openShard(path);
  t.teardown(() => shard.close());
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: 599 }), fc.nat({ max: 300 }), async (start, wanted) => {
      const count = Math.min(wanted, 600 - start);
      const ids = await shard.readIds(start, count);
      const expected = rows.slice(start, start + count).flatMap((row) => [...row.ids]);
      t.true(Buffer.from(ids.buffer).equals(Buffer.from(Uint16Array.from(expected).buffer)));
    }),
    { numRuns: 20 },
  );
});

test('equal rows give equal bytes', async (t) => {
  const dir = await temporaryFolder(t);
  const rows: SequenceRow[] = Array.from({ length: 9 }, (_, i) => ({
    ids: new Uint16Array(16).fill(i),
    docIds: Int32Array.of(i),
    docStarts: Int32Array.of(0),
  }));
  const summaries = [];
  for (const name of ['a.parquet', 'b.parquet']) {
    summaries.push(await writeSequenceShard(join(dir, name), rows, header));
  }
  t.is(summaries[0].sha256, summaries[1].sha256);
  t.deepEqual(await readFile(join(dir, 'a.parquet')), await readFile(join(dir, 'b.parquet')));
});

test('document rows come back, whatever their text', async (t) => {
  const dir = await temporaryFolder(t);
  const path = join(dir, 'part-00000.parquet');
  const integer = fc.nat({ max: 2 ** 31 - 1 });
  const row = fc.record({
    source: fc.string({ unit: 'binary' }),
    bytes: integer,
    tokens: integer,
    width: integer,
    height: integer,
    shard: fc.string({ unit: 'binary' }),
    row: integer,
    offset: integer,
  });
  await fc.assert(
    fc.asyncProperty(fc.array(row, { maxLength: 20 }), async (partial) => {
      const rows = partial.map((rest, i) => ({ docId: i * 3, ...rest }));
      await writeDocumentShard(path, rows, { formatVersion: 1, partition: 7 });
      const back = [];
      for await (const document of readDocuments(path)) back.push(document);
      t.deepEqual(back, rows);
    }),
    { numRuns: 40 },
  );
});

test('documents come back whole and in order from partitions, tails and failed inputs', async (t) => {
  const dir = await temporaryFolder(t);
  const lengths = fc.array(fc.option(fc.nat({ max: 60 }), { freq: 5 }), { maxLength: 25 });
  let run = 0;
  await fc.assert(
    fc.asyncProperty(lengths, fc.integer({ min: 2, max: 40 }), async (sizes, seqLen) => {
      const documents = sizes.map((size, docId) =>
        size === null ? null : Array.from({ length: size }, (_, i) => (docId * 31 + i) % 256),
      );
      const folder = join(dir, String(run++));
      const isVal = (docId: number) => docId % 5 === 2;
      await makeDataset(folder, documents, { seqLen, isVal });
      const dataset = await openDataset(folder);
      const expected = documents.flatMap((tokens, docId) =>
        tokens ? [{ docId, ids: [256, ...tokens, 257] }] : [],
      );
      const found = [];
      for await (const { docId, ids } of dataset.documents()) found.push({ docId, ids: [...ids] });
      t.deepEqual(found, expected);
      for (const { docId, ids } of expected) {
        t.deepEqual([...(await dataset.readDocument(docId)).ids], ids);
      }
      await t.throwsAsync(dataset.readDocument(documents.length + 1), {
        code: 'INPUT_NOT_FOUND',
      });
      await dataset.close();
    }),
    { numRuns: 40 },
  );
});

test('rows that no reader could use are refused, and leave no file', async (t) => {
  const dir = await temporaryFolder(t);
  const path = join(dir, 'bad.parquet');
  const good = {
    ids: new Uint16Array(16),
    docIds: Int32Array.of(1, 2),
    docStarts: Int32Array.of(0, 4),
  };
  const bad = [
    { ...good, ids: new Uint16Array(15) },
    { ...good, ids: new Uint16Array(16).fill(259) },
    { ...good, docIds: Int32Array.of(1) },
    { ...good, docIds: Int32Array.of(), docStarts: Int32Array.of() },
    { ...good, docIds: Int32Array.of(2, 1) },
    { ...good, docStarts: Int32Array.of(1, 4) },
    { ...good, docStarts: Int32Array.of(0, 16) },
  ];
  for (const row of bad) {
    await t.throwsAsync(writeSequenceShard(path, [good, row], header), { code: 'SHARD_INVALID' });
    await t.throwsAsync(openShard(path), { code: 'INPUT_NOT_FOUND' });
  }
  t.deepEqual(someDocuments(3, 9), someDocuments(3, 9));
});

test('files that interleave are read ascending by document', async (t) => {
  const spans = fc.array(
    fc.record({ firstDoc: fc.nat({ max: 50 }), length: fc.nat({ max: 9 }), isTail: fc.boolean() }),
    { maxLength: 12 },
  );
  await fc.assert(
    fc.asyncProperty(spans, async (list) => {
      const files = list.map(({ firstDoc, length, isTail }, i) => {
        return { firstDoc, lastDoc: firstDoc + length, partition: isTail ? null : i };
      });
      const chains = chainsOf([...files, { firstDoc: null, lastDoc: null, partition: 99 }]);
      const chained = new Set(chains.flat());
      t.true(chained.size === files.length && files.every((file) => chained.has(file)));
      const streams = chains.map(async function* (chain) {
        for (const { firstDoc, lastDoc, partition } of chain) {
          for (let docId = firstDoc!; docId <= lastDoc!; docId++) yield { docId, partition };
        }
      });
      let last = -1;
      let count = 0;
      for await (const items of mergeByDocument(streams)) {
        t.true(items[0].docId > last);
        last = items[0].docId;
        count += items.length;
        t.true(items.every(({ docId }) => docId === last));
        const tails = items.map(({ partition }) => Number(partition === null));
        t.deepEqual(tails, [...tails].sort());
      }
      t.is(
        count,
        list.reduce((sum, { length }) => sum + length + 1, 0),
      );
    }),
  );
});
