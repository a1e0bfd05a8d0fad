import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { openShard } from '../../../shards/parquet/reader.ts';
import type { SequenceRow } from '../../../shards/parquet/rows.ts';
import { writeSequenceShard } from '../../../shards/parquet/writer.ts';
import { header } from '../../helpers/dataset.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';

const GOLDEN = fileURLToPath(new URL('../../golden/shards/', import.meta.url));

interface Expected {
  input_ids: number[][];
  doc_ids: number[][];
  doc_starts: number[][];
}

// The file was read once by pyarrow, which wrote the expectations beside it.
async function expectedRows(): Promise<SequenceRow[]> {
  const json = await readFile(join(GOLDEN, 'part-00000.json'), 'utf8');
  const expected = JSON.parse(json) as Expected;
  return expected.input_ids.map((ids, row) => ({
    ids: Uint16Array.from(ids),
    docIds: Int32Array.from(expected.doc_ids[row]),
    docStarts: Int32Array.from(expected.doc_starts[row]),
  }));
}

test('the golden shard reads as pyarrow reads it', async (t) => {
  const shard = await openShard(join(GOLDEN, 'part-00000.parquet'));
  t.teardown(() => shard.close());
  t.deepEqual(await shard.readRows(0, shard.rowCount), await expectedRows());
  t.is(shard.metadata.counts.documents, 4);
});

test('the same rows give the bytes of the golden shard', async (t) => {
  const dir = await temporaryFolder(t);
  const path = join(dir, 'part-00000.parquet');
  await writeSequenceShard(path, await expectedRows(), { ...header, seqLen: 37, vocabSize: 579 });
  t.deepEqual(await readFile(path), await readFile(join(GOLDEN, 'part-00000.parquet')));
});
