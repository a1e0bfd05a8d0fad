/** The commands of docs/from-a-bucket-to-a-model.md, run one after the other. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { blocksOf } from '../helpers/guide.ts';
import { makeCorpus } from '../helpers/pipeline-runs.ts';
import { startRedis } from '../helpers/redis.ts';
import { upload } from '../helpers/s3-data.ts';
import { hasMoto, makeBucket, startS3 } from '../helpers/s3-server.ts';
import { temporaryFolder } from '../helpers/temporary.ts';
import { hasTool, testIf } from '../helpers/tools.ts';
import { shortNames, walk } from '../helpers/walk.ts';

const PAGE = 'docs/from-a-bucket-to-a-model.md';

const needs = 'moto (bench/peers/setup-moto.sh) or redis-server is missing';
testIf(
  hasMoto() && hasTool('redis-server'),
  needs,
  'the page’s commands do what it says',
  async (t) => {
    const folder = await temporaryFolder(t);
    const [server, redis] = await Promise.all([startS3(), startRedis()]);
    t.teardown(server.stop);
    t.teardown(redis.stop);
    Object.assign(process.env, server.env);
    await makeBucket(server, 'a-bucket');
    await makeCorpus(join(folder, 'corpus'), 60);
    const captions =
      'file,caption,label\nimage-0.jpg,"a picture, ""the first""",1\nimage-2.jpg,,2\n';
    await writeFile(join(folder, 'corpus', 'captions.csv'), captions);
    await upload(join(folder, 'corpus'), 's3://a-bucket/photos');
    await upload(join(folder, 'corpus/sub'), 's3://a-bucket/more-photos');
    const blocks = await blocksOf(PAGE);
    t.is(blocks.length, 8);
    const env = {
      ...server.env,
      BUCKET: 'a-bucket',
      QUEUE: redis.address,
      PATH: `${await shortNames(folder)}:${process.env.PATH}`,
    };
    const all = await walk(t, blocks, { folder, env });
    t.regex(all, /all good/);
    t.regex(all, /columns +caption string \(1 missing\), label int64/);
    t.regex(all, /state\s+complete/);
    t.regex(all, /checkpoints\/step-00000002/);
    t.regex(all, /s3:\/\/a-bucket\/run\/checkpoints\/step-00000003/);
  },
);
