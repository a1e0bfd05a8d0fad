/** Datasets in object storage: the same rows as on a disk, over a network that damages them. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { type Dataset, fetchDataset, openDataset } from '../../../shards/index.ts';
import { verifyDataset } from '../../../shards/verify/verify.ts';
import { type FaultProxy, startProxy } from '../../helpers/fault-proxy.ts';
import { hashesOf, makeExpected, removeFolder } from '../../helpers/pipeline-runs.ts';
import { upload } from '../../helpers/s3-data.ts';
import { hasMoto, makeBucket, type S3Server, startS3 } from '../../helpers/s3-server.ts';
import { testWithS3 } from '../../helpers/s3-test.ts';

let server: S3Server;
let proxy: FaultProxy;
let work: string;
let local: string;
const FAR = 's3://bucket/ds';

test.before(async () => {
  if (!hasMoto()) return;
  server = await startS3();
  proxy = await startProxy(server.endpoint);
  Object.assign(process.env, server.env, { AWS_ENDPOINT_URL: proxy.endpoint });
  await makeBucket(server, 'bucket');
  ({ work } = await makeExpected(60));
  local = join(work, 'whole');
  await upload(local, FAR);
});
test.after.always(async () => {
  await proxy?.stop();
  server?.stop();
  if (work) await removeFolder(work);
});

/** The batches of two ranks over two epochs, with the position after each. */
async function batchesOf(dataset: Dataset): Promise<string[]> {
  const found: string[] = [];
  for (const rank of [0, 1]) {
    const loader = dataset.loader({ microBatch: 2, worldSize: 2, rank, epochs: 2, segments: true });
    for await (const { ids, segments, epoch, position } of loader) {
      found.push(`${rank} ${epoch} ${position} ${ids.join()} ${segments!.join()}`);
    }
  }
  await dataset.close();
  return found;
}

testWithS3(
  'the same batches in the same order, without and with a cache, cold and warm',
  async (t) => {
    proxy.faults = {};
    const expected = await batchesOf(await openDataset(local));
    t.true(expected.length > 20);
    t.deepEqual(await batchesOf(await openDataset(FAR)), expected);
    const cache = { dir: join(work, 'cache'), bytes: 1e9 };
    t.deepEqual(await batchesOf(await openDataset(FAR, { cache })), expected);
    const pieces = (await readdir(cache.dir)).length;
    proxy.seen.length = 0;
    t.deepEqual(await batchesOf(await openDataset(FAR, { cache })), expected);
    t.is((await readdir(cache.dir)).length, pieces);
    const ranges = proxy.seen.filter((line) => /^GET .*part-\d+\.parquet/.test(line)).length;
    // The head and the tail of each shard, and no row group.
    const { shards } = (await openDataset(FAR)).manifest;
    t.is(ranges, 2 * shards.length);
  },
);

testWithS3('verify and fetch: every file is checked, and a stopped copy goes on', async (t) => {
  proxy.faults = { cuts: 0.05 };
  t.deepEqual((await verifyDataset(FAR)).problems, []);
  const to = join(work, 'copy');
  const controller = new AbortController();
  const onEvent = ({ done }: { done: number }) => {
    if (done === 3) controller.abort();
  };
  const first = await fetchDataset(FAR, { to, signal: controller.signal, onEvent });
  await t.throwsAsync(openDataset(to), { code: 'DATASET_INCOMPLETE' });
  const rest = await fetchDataset(FAR, { to });
  t.true(first > 0 && rest > 0);
  t.is(await fetchDataset(FAR, { to }), 0);
  t.deepEqual(await hashesOf(to), await hashesOf(local));
  t.deepEqual((await verifyDataset(to)).problems, []);
  proxy.faults = {};
});

testWithS3('old bytes that come once, of a footer or a file, are asked for again', async (t) => {
  const expected = await batchesOf(await openDataset(local));
  const [shard] = (await openDataset(local)).manifest.shards;
  const right = await readFile(join(local, shard.file));
  const old = Buffer.from(right);
  for (let i = 100; i < old.length - 12; i += 50) old[i] ^= 1;
  /** Answers the n-th request for bytes of the shard that match with old ones. */
  const oldOnce = (matches: (start: number, end: number) => boolean) => {
    let times = 0;
    proxy.faults = {
      instead({ method, url, headers }) {
        const range = /bytes=(\d+)-(\d+)/.exec(headers.range ?? '');
        if (method !== 'GET' || !url?.includes(shard.file) || !range) return undefined;
        const [start, end] = [Number(range[1]), Number(range[2]) + 1];
        if (!matches(start, end) || times > 0) return undefined;
        times++;
        return { status: 206, body: old.subarray(start, end) };
      },
    };
    return () => times;
  };
  // The tail of a shard of this size holds its row groups as well; units.test.ts has those.
  const tails = oldOnce((_, end) => end === right.length);
  t.deepEqual(await batchesOf(await openDataset(FAR)), expected);
  t.is(tails(), 1);
  const times = oldOnce((start) => start === 0);
  const to = join(work, 'copy-of-old');
  await fetchDataset(FAR, { to });
  t.is(times(), 1);
  t.deepEqual(await hashesOf(to), await hashesOf(local));
  proxy.faults = {};
});

testWithS3('what is no dataset is said', async (t) => {
  await t.throwsAsync(openDataset('s3://bucket/none'), { code: 'INPUT_NOT_FOUND' });
  await t.throwsAsync(openDataset('s3://bucket/ds/shards'), { code: 'DATASET_INCOMPLETE' });
});
