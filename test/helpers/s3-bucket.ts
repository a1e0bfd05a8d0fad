/** What tests of a bucket share: a server with the bucket `bucket` and a folder, made before and gone afterwards. */
import test from 'ava';
import { type FaultProxy, startProxy } from './fault-proxy.ts';
import { makeExpected, removeFolder, workFolder } from './pipeline-runs.ts';
import { upload } from './s3-data.ts';
import { hasMoto, makeBucket, type S3Server, startS3 } from './s3-server.ts';

/** Its fields are there when the tests begin; only if moto is there. */
export interface Bucket {
  server: S3Server;
  /** A folder of this machine. */
  work: string;
}

/** @param prepare more that has to be made before the tests */
export function useBucket(prepare: (bucket: Bucket) => Promise<void> = async () => {}): Bucket {
  const bucket = {} as Bucket;
  test.before(async () => {
    if (!hasMoto()) return;
    bucket.server = await startS3();
    Object.assign(process.env, bucket.server.env);
    await makeBucket(bucket.server, 'bucket');
    bucket.work = await workFolder();
    await prepare(bucket);
  });
  test.after.always(async () => {
    bucket.server?.stop();
    if (bucket.work) await removeFolder(bucket.work);
  });
  return bucket;
}

export interface CorpusBucket extends Bucket {
  /** The corpus on the disk; it lies at `s3://bucket/corpus` too. */
  corpus: string;
  /** sha256 of the shards that a quiet run on the disk gives, with the options SMALL. */
  expected: Record<string, string>;
  /** Stands before the server, and makes faults. */
  proxy: FaultProxy;
}

/** A bucket with a corpus, and what a run on it must give. */
export function useCorpusBucket(images: number): CorpusBucket {
  const bucket = useBucket(async ({ server, work }) => {
    const made = await makeExpected(images, work);
    const shards = Object.entries(made.expected).filter(([name]) => name.startsWith('shards/'));
    const proxy = await startProxy(server.endpoint);
    Object.assign(bucket, { corpus: made.corpus, expected: Object.fromEntries(shards), proxy });
    await upload(made.corpus, 's3://bucket/corpus');
  }) as CorpusBucket;
  test.after.always(() => bucket.proxy?.stop());
  return bucket;
}
