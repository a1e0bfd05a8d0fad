/** Videos in object storage: the documents of a local run, and each video is fetched once. */
import { mkdir, readdir } from 'node:fs/promises';
import test from 'ava';
import { runPipeline } from '../../../pipeline/index.ts';
import { BY_STRIDE, clipRows, makeVideos, startsOf } from '../../helpers/clips.ts';
import { hashesOf, removeFolder, workFolder } from '../../helpers/pipeline-runs.ts';
import { hashesAt, upload } from '../../helpers/s3-data.ts';
import { hasMoto, makeBucket, type S3Server, startS3 } from '../../helpers/s3-server.ts';
import { testWithS3 } from '../../helpers/s3-test.ts';

let server: S3Server;
let work: string;
let corpus: string;

test.before(async () => {
  if (!hasMoto()) return;
  server = await startS3();
  Object.assign(process.env, server.env);
  await makeBucket(server, 'bucket');
  work = await workFolder();
  corpus = await makeVideos(work);
  await upload(corpus, 's3://bucket/videos');
});
test.after.always(async () => {
  server?.stop();
  if (work) await removeFolder(work);
});

testWithS3('clips from a bucket to a bucket: the shards of a local run', async (t) => {
  const local = `${work}/local`;
  const far = 's3://bucket/datasets/clips';
  const temporary = `${work}/temporary`;
  await mkdir(temporary);
  process.env.TMPDIR = temporary;
  await runPipeline({ sources: corpus, out: local, ...BY_STRIDE });
  const { totals } = (await runPipeline({
    sources: 's3://bucket/videos',
    out: far,
    ...BY_STRIDE,
  }))!;
  t.deepEqual(totals.filteredByReason, { 'short-clip': 7 });
  const shards = Object.entries(await hashesOf(local)).filter(([name]) => /^shards/.test(name));
  t.deepEqual(await hashesAt(far), Object.fromEntries(shards));
  t.deepEqual(startsOf(await clipRows(far)), startsOf(await clipRows(local)));
  const left = (await readdir(temporary)).filter((name) => name.startsWith('codec-lm'));
  t.deepEqual(left, [], 'no copy of a video is left');
});
