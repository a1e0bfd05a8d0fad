/** Runs whose sources and datasets lie in object storage, against a real server. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { remoteStorage, writePlace } from '../../base/storage/index.ts';
import { pipeline, SMALL } from '../helpers/pipeline-runs.ts';
import { useCorpusBucket } from '../helpers/s3-bucket.ts';
import { hashesAt } from '../helpers/s3-data.ts';
import { SECRETS } from '../helpers/s3-server.ts';
import { testWithS3 } from '../helpers/s3-test.ts';

const IMAGES = 60;
const s3 = useCorpusBucket(IMAGES);

testWithS3(
  'from a bucket to a bucket: the bytes of a local run, and nothing left over',
  async (t) => {
    const out = 's3://bucket/datasets/whole';
    const run = await pipeline(['run', 'images', 's3://bucket/corpus/', '--out', out, ...SMALL]);
    t.is(run.exitCode, 0, String(run.stderr));
    t.deepEqual(await hashesAt(out), s3.expected);
    const names = (await remoteStorage().names(out)).sort();
    t.deepEqual(names, [
      'README.md',
      'dataset.json',
      'documents',
      'plan',
      'plan.json',
      'shards',
      'special_tokens_map.json',
      'stats',
      'tokenizer.json',
      'tokenizer_config.json',
    ]);
    t.deepEqual(await remoteStorage().client.uploads('bucket', ''), []);
    const status = await pipeline(['status', out, '--json']);
    t.like(JSON.parse(String(status.stdout)), { state: 'complete', inputs: { done: IMAGES } });
    const again = await pipeline(['run', 'images', 's3://bucket/corpus', '--out', out, ...SMALL]);
    t.regex(String(again.stderr), /is complete already/);
  },
);

testWithS3('a folder of this machine to a bucket, by ranks and finalize', async (t) => {
  const out = 's3://bucket/datasets/ranks';
  const plan = await pipeline(['plan', 'images', s3.corpus, '--out', out, ...SMALL]);
  t.is(plan.exitCode, 0, String(plan.stderr));
  const ranks = await Promise.all(
    [0, 1].map((rank) =>
      pipeline([
        'run',
        'images',
        s3.corpus,
        '--out',
        out,
        ...SMALL,
        '--rank',
        String(rank),
        '--world-size',
        '2',
      ]),
    ),
  );
  for (const { exitCode, stderr } of ranks) t.is(exitCode, 0, String(stderr));
  const finalize = await pipeline(['finalize', out]);
  t.is(finalize.exitCode, 0, String(finalize.stderr));
  t.deepEqual(await hashesAt(out), s3.expected);
});

testWithS3('archives in a bucket are read in place, and give the same shards', async (t) => {
  const archive = join(s3.work, 'corpus.tar');
  await execa('tar', ['-cf', archive, '-C', s3.corpus, '--transform', 's,^\\./,,', '.']);
  const bytes = await readFile(archive);
  await writePlace('s3://bucket/archives/corpus.tar', (file) => file.write(bytes));
  const out = join(s3.work, 'from-archive');
  const run = await pipeline([
    'run',
    'images',
    's3://bucket/archives/corpus.tar',
    '--out',
    out,
    ...SMALL,
  ]);
  t.is(run.exitCode, 0, String(run.stderr));
  t.deepEqual(await hashesAt(out), s3.expected);
});

testWithS3('a list may name objects, and lie in a bucket itself', async (t) => {
  const local = join(s3.work, 'list.txt');
  await writeFile(local, 's3://bucket/corpus/image-0.jpg\ns3://bucket/corpus/image-2.jpg\n');
  const list = Buffer.from('# relative to the list\nimage-0.jpg\nsub/image-1.png\nnone.jpg\n');
  await writePlace('s3://bucket/corpus/list.txt', (file) => file.write(list));
  const sources = [`@${local}`, '@s3://bucket/corpus/list.txt'];
  const options = ['--out', join(s3.work, 'listed'), ...SMALL, '--max-failures', '50%', '--json'];
  const run = await pipeline(['run', 'images', ...sources, ...options]);
  t.is(run.exitCode, 3, String(run.stderr));
  const events = String(run.stdout)
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  t.like(
    events.find(({ event }) => event === 'plan'),
    { inputs: 4, duplicates: 1 },
  );
  t.like(
    events.find(({ event }) => event === 'failure'),
    {
      code: 'IMAGE_UNREADABLE',
      source: 's3://bucket/corpus/none.jpg',
    },
  );
});

testWithS3('what cannot work is said before anything is done, and no secret is said', async (t) => {
  const run = (args: string[], env: Record<string, string> = {}) =>
    pipeline(['run', 'images', ...args, ...SMALL], { env });
  const cases: [args: string[], env: Record<string, string>, says: RegExp, exitCode: number][] = [
    [
      ['s3://bucket/none', '--out', s3.work],
      {},
      /no such object or prefix.*\[INPUT_NOT_FOUND\]/,
      2,
    ],
    [['s3://no-bucket/x', '--out', s3.work], {}, /no such bucket.*\[INPUT_NOT_FOUND\]/, 2],
    [[s3.corpus, '--out', 's3://no-bucket/x'], {}, /no such bucket.*\[OUTPUT_UNWRITABLE\]/, 2],
    [[s3.corpus, '--out', 's3://B/x'], {}, /does not name a bucket.*\[USAGE\]/, 2],
    [['gs://bucket/x', '--out', s3.work], {}, /gs:\/\/ URLs are not supported.*\[USAGE\]/, 2],
    [
      ['s3://bucket/corpus', '--out', s3.work],
      { AWS_ENDPOINT_URL: 'bucket:1' },
      /AWS_ENDPOINT_URL bucket:1.*\[USAGE\]/,
      2,
    ],
    [
      ['s3://bucket/corpus', '--out', s3.work],
      { AWS_SECRET_ACCESS_KEY: '', AWS_SHARED_CREDENTIALS_FILE: '/none' },
      /no credentials.*\[STORAGE_CREDENTIALS\]/,
      2,
    ],
  ];
  for (const [args, env, says, exitCode] of cases) {
    const result = await run(args, { CODEC_LM_DEBUG: '1', ...env });
    t.regex(String(result.stderr), says);
    t.is(result.exitCode, exitCode);
    t.false(String(result.stderr).includes(SECRETS.secret));
  }
});
