/** Row groups of far shards: checked when they come, and fetched again. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { ParquetFile } from '../../../shards/parquet/footer.ts';
import { sequenceSchema } from '../../../shards/parquet/schema.ts';
import { groupSpan, Units } from '../../../shards/parquet/units.ts';
import { writeSequenceShard } from '../../../shards/parquet/writer.ts';
import { header } from '../../helpers/dataset.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';

async function* rows() {
  for (let row = 0; row < 40; row++) {
    const ids = Uint16Array.from({ length: header.seqLen }, (_, i) => (row * 7 + i * 3) % 250);
    yield { ids, docIds: Int32Array.of(row), docStarts: Int32Array.of(0) };
  }
}

test('a unit with one wrong bit is fetched again and counted, and given up after some tries', async (t) => {
  const path = join(await temporaryFolder(t), 'part-00000.parquet');
  await writeSequenceShard(path, rows(), header);
  const content = await readFile(path);
  const file = await ParquetFile.open(path, sequenceSchema());
  const [group] = file.rowGroups;
  const { start, length } = groupSpan(group);
  const right = content.subarray(start, start + length);
  let wrong = 1;
  const read = async () => {
    const bytes = Buffer.from(right);
    if (wrong-- > 0) bytes[length - 3] ^= 4;
    return bytes;
  };
  const units = new Units();
  t.deepEqual(await units.get('a', group, read), right);
  t.is(units.refetched, 1);
  await units.get('a', group, async () => t.fail('it is in memory') as never);
  wrong = 2;
  t.deepEqual(await units.get('another version', group, read), right);
  t.is(units.refetched, 3);
  wrong = 100;
  await t.throwsAsync(units.get('always wrong', group, read), { message: /checksum/ });
  wrong = 0;
  t.deepEqual(await units.get('always wrong', group, read), right);
  await file.close();
});
