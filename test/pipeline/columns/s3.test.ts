/** Columns of tables and archives in a bucket, against a real server. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runPipeline } from '../../../pipeline/index.ts';
import { openDataset } from '../../../shards/index.ts';
import { csvOf, jsonLinesOf, labelled, wdsOf, writeParquet } from '../../helpers/columns.ts';
import { makeCorpus } from '../../helpers/pipeline-runs.ts';
import { useBucket } from '../../helpers/s3-bucket.ts';
import { hashesAt, upload } from '../../helpers/s3-data.ts';
import { testWithS3 } from '../../helpers/s3-test.ts';

const SMALL = { size: '32', seqLen: 256, partitionSize: 10, merges: 10 };
let corpus: string;

const s3 = useBucket(async ({ work }) => {
  corpus = join(work, 'corpus');
  await makeCorpus(corpus, 24);
  const files = (await readdir(corpus, { recursive: true })).filter((name) => /\.\w+$/.test(name));
  const rows = labelled(files.sort());
  await writeFile(join(corpus, 'rows.csv'), csvOf(rows));
  await writeFile(join(corpus, 'rows.jsonl'), jsonLinesOf(rows));
  await writeParquet(join(corpus, 'rows.parquet'), rows);
  await writeFile(join(corpus, 'a.tar'), await wdsOf(corpus, rows));
  await upload(corpus, 's3://bucket/corpus');
});

/** What documents() gives of a dataset, in order. */
async function columnsOfAll(out: string): Promise<unknown[]> {
  const dataset = await openDataset(out);
  const found: unknown[] = [];
  for await (const { docId, columns } of dataset.documents()) found.push([docId, columns]);
  // One document by itself has the same columns.
  const [docId, columns] = found.at(-1) as [number, unknown];
  const one = await dataset.readDocument(docId);
  if (JSON.stringify(one.columns) !== JSON.stringify(columns)) throw new Error(`${docId}`);
  await dataset.close();
  return found;
}

for (const table of ['rows.csv', 'rows.jsonl', 'rows.parquet']) {
  testWithS3(`${table} of a bucket, to a bucket: as from a disk`, async (t) => {
    const options = { ...SMALL, sources: [], pathColumn: 'url', columns: 'caption,label,score,ok' };
    const local = join(s3.work, `from-${table}`);
    await runPipeline({ ...options, list: [join(corpus, table)], out: local });
    const far = `s3://bucket/from-${table}`;
    await runPipeline({ ...options, list: [`s3://bucket/corpus/${table}`], out: far });
    t.deepEqual(await hashesAt(far), await hashesAt(local));
    t.deepEqual(await columnsOfAll(far), await columnsOfAll(local));
  });
}

testWithS3('members of an archive in a bucket: as from a disk', async (t) => {
  const options = { ...SMALL, columns: 'txt,cls,json.score' };
  const local = join(s3.work, 'from-tar');
  await runPipeline({ ...options, sources: join(corpus, 'a.tar'), out: local });
  const far = 's3://bucket/from-tar';
  await runPipeline({ ...options, sources: 's3://bucket/corpus/a.tar', out: far });
  t.deepEqual(await hashesAt(far), await hashesAt(local));
  t.deepEqual(await columnsOfAll(far), await columnsOfAll(local));
  const plan = JSON.parse(await readFile(join(local, 'plan.json'), 'utf8'));
  t.is(plan.columns.length, 3);
});
