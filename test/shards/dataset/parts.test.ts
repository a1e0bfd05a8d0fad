import test from 'ava';
import { openDataset } from '../../../shards/dataset/dataset.ts';
import { readingsOf } from '../../../shards/dataset/parts.ts';
import { openViewer } from '../../../shards/dataset/viewer.ts';
import { viewDatasetRow } from '../../../shards/inspect/row.ts';
import { ByteBpe } from '../../../tokenizer/bpe/tokenizer.ts';
import { partsOfJpeg } from '../../../tokenizer/codecs/jpeg/parts.ts';
import { makePictureDataset, somePictures } from '../../helpers/pictures.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';

const SEGMENTS = ['SOI', 'APP0', 'SOF0', 'DRI', 'SOS'];

test('the parts of a picture are its segments, its MCUs and the markers between them', async (t) => {
  const [bytes] = await somePictures(1, 32);
  const parts = partsOfJpeg(bytes);
  t.deepEqual(
    parts.map(({ name }) => name),
    [...SEGMENTS, 'MCU 0', 'RST0', 'MCU 1', 'RST1', 'MCU 2', 'RST2', 'MCU 3', 'EOI'],
  );
  t.is(parts.at(-1)?.end, bytes.length);
  for (const [i, { name, end }] of parts.entries()) {
    t.true(end > (parts[i - 1]?.end ?? 0), name);
    if (name.startsWith('RST')) {
      t.deepEqual([...bytes.subarray(end - 2, end)], [0xff, 0xd0 + Number(name.slice(3))]);
    }
  }
});

test('a token says every part that it has a byte of', (t) => {
  const bpe = new ByteBpe([
    [1, 2],
    [256, 3],
  ]);
  const parts = [
    { name: 'a', end: 2 },
    { name: 'b', end: 4 },
    { name: 'c', end: 5 },
  ];
  const readings = (...ids: number[]) =>
    readingsOf(Uint16Array.from([bpe.bosId, ...ids, bpe.eosId]), bpe, parts);
  t.deepEqual(readings(257, 4, 5), ['', 'a, b', 'b', 'c', '']);
  t.deepEqual(readings(1, 2, 3, 4, 5), ['', 'a', 'a', 'b', 'b', 'c', '']);
  t.deepEqual(readings(256, 3, 256), ['', 'a', 'b', 'b, c', '']);
});

test('a row that continues a document is read from where the document is', async (t) => {
  const dir = await temporaryFolder(t);
  const pictures = await somePictures(3);
  pictures[1][pictures[1].length - 1] = 0;
  const manifest = await makePictureDataset(dir, pictures, { seqLen: 64 });
  const dataset = await openDataset(dir);
  t.teardown(() => dataset.close());
  const viewer = await openViewer(dataset);
  const expected = new Map<number, string[]>();
  for (const [docId, bytes] of pictures.entries()) {
    const { ids } = await dataset.readDocument(docId);
    const isBroken = docId === 1;
    expected.set(
      docId,
      isBroken ? [] : readingsOf(ids, viewer.tokenizer, viewer.codec.parts(bytes)),
    );
  }
  const taken = new Map<number, number>();
  for (let index = 0; index < manifest.totals.rows; index++) {
    const view = await viewDatasetRow(dataset, index, viewer);
    for (const { docId, start, tokens } of view.documents) {
      const from = taken.get(docId) ?? 0;
      const found = view.readings!.slice(start, start + tokens);
      const all = expected.get(docId)!;
      t.deepEqual(
        found,
        found.map((_, i) => all[from + i] ?? ''),
        `row ${index}`,
      );
      taken.set(docId, from + tokens);
    }
  }
});
