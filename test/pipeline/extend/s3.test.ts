/** An extension of a dataset in a bucket, with columns, against a real server. */
import { cp, mkdir, readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { remoteStorage } from '../../../base/storage/index.ts';
import { extendPipeline, runPipeline } from '../../../pipeline/index.ts';
import { fetchDataset, openDataset, readManifest, verify } from '../../../shards/index.ts';
import { csvOf, labelled } from '../../helpers/columns.ts';
import { makeCorpus } from '../../helpers/pipeline-runs.ts';
import { useBucket } from '../../helpers/s3-bucket.ts';
import { hashesAt, upload } from '../../helpers/s3-data.ts';
import { testWithS3 } from '../../helpers/s3-test.ts';

const RECIPE = { size: '32', seqLen: 256, partitionSize: 8, merges: 10, dropDuplicates: true };

const s3 = useBucket(async ({ work }) => {
  const corpus = join(work, 'corpus');
  await makeCorpus(corpus, 30);
  for (const name of await readdir(join(corpus, 'sub'))) {
    await rename(join(corpus, 'sub', name), join(corpus, name));
  }
  const files = (await readdir(corpus)).filter((name) => name.includes('.')).sort();
  const rows = labelled(files);
  await writeFile(join(corpus, 'first.csv'), csvOf(rows.slice(0, 18)));
  await writeFile(join(corpus, 'more.csv'), csvOf(rows.slice(14)));
  await mkdir(join(corpus, 'loose'));
  await cp(join(corpus, files[0]), join(corpus, 'loose', 'copy.jpg'));
  await upload(corpus, 's3://bucket/corpus');
});

async function extendedAt(from: string, out: string) {
  const columns = { pathColumn: 'url', columns: 'caption,label' };
  await runPipeline({ sources: [], list: [`${from}/first.csv`], ...columns, out, ...RECIPE });
  // Four of its rows are in the dataset already; the loose file has the content of another.
  return extendPipeline({ out, sources: [`${from}/loose`], list: [`${from}/more.csv`] });
}

testWithS3('as on a disk: shards, columns and counts', async (t) => {
  const [local, far] = [join(s3.work, 'local'), 's3://bucket/extended'];
  const [here, there] = [
    await extendedAt(join(s3.work, 'corpus'), local),
    await extendedAt('s3://bucket/corpus', far),
  ];
  t.like(here.totals, {
    inputs: 31,
    documents: 30,
    failures: 0,
    filteredByReason: { duplicate: 1 },
  });
  t.deepEqual(there.totals, here.totals);
  t.deepEqual(there.columns, here.columns);
  t.deepEqual(await hashesAt(far), await hashesAt(local));
  for (const out of [local, far]) t.deepEqual((await verify(out)).problems, [], out);
  t.deepEqual(await remoteStorage().client.uploads('bucket', ''), []);
  const dataset = await openDataset(far);
  let captions = 0;
  for await (const { columns } of dataset.documents()) if (columns?.caption) captions++;
  await dataset.close();
  t.is(
    captions,
    30 - labelled(Array.from({ length: 30 }, String)).filter((r) => !r.caption).length,
  );
});

testWithS3('a copy of it is whole', async (t) => {
  const to = join(s3.work, 'copy');
  await fetchDataset('s3://bucket/extended', { to });
  t.deepEqual((await verify(to)).problems, []);
  t.is((await readManifest(to)).config.extensions, 1);
});
