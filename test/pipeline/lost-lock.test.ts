import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { CodecLmError } from '../../base/error.ts';
import { paths } from '../../pipeline/files.ts';
import { PartitionWork } from '../../pipeline/pack/partition.ts';
import { partitionsOf } from '../../pipeline/plan/plan.ts';
import { FORMAT_VERSION } from '../../schemas/dataset.ts';
import { leaveHolder, readHolder } from '../helpers/lock-holders.ts';
import { makeCorpus, pipeline, SMALL } from '../helpers/pipeline-runs.ts';
import { temporaryFolder } from '../helpers/temporary.ts';

/** Shards, tails, failures and stats of a partition that were there when the check failed. */
async function filesIn(out: string): Promise<string[]> {
  const names = await readdir(out, { recursive: true });
  const files: string[] = [];
  for (const name of names) if ((await stat(join(out, name))).isFile()) files.push(name);
  return files.filter((name) => !name.startsWith('locks')).sort();
}

test('a run whose dataset is taken over stops, and leaves it to the other', async (t) => {
  const place = await temporaryFolder(t);
  const [corpus, out] = [join(place, 'corpus'), join(place, 'out')];
  await makeCorpus(corpus, 300);
  const run = pipeline(['run', 'images', corpus, '--out', out, ...SMALL]);
  const done = async () => (await readdir(join(out, 'stats')).catch(() => [])).length;
  while ((await done()) < 3 && run.exitCode === null) await sleep(5);
  // As on a machine that slept, and woke up when another one had taken the lock.
  run.kill('SIGSTOP');
  await sleep(50);
  await rm(paths.locks(out), { recursive: true });
  const other = await leaveHolder(paths.locks(out), { host: 'elsewhere.invalid' });
  const before = await done();
  run.kill('SIGCONT');
  const { exitCode, stderr } = await run;
  t.is(exitCode, 1, String(stderr));
  t.regex(
    String(stderr),
    /lost the lock of this dataset: .*rank-0\..*\.json is gone.*\[LOCK_LOST\]/,
  );
  // Two partitions are committed at once: each may have been between its check and its rename.
  const after = await done();
  t.true(after - before <= 2 && after < 30, `${before} then ${after}`);
  t.false((await readdir(out)).includes('dataset.json'));
  t.true(other.endsWith(`${(await readHolder(paths.locks(out))).token}.json`));
});

test('a partition checks the lock before each of its files: none is written behind a failed check', async (t) => {
  const [partition] = partitionsOf({ inputs: 10 }, 10);
  const header = {
    formatVersion: FORMAT_VERSION,
    codec: { name: 'jpeg', settings: {}, versions: {} },
    tokenizerHash: '0'.repeat(64),
    vocabSize: 259,
    seqLen: 8,
  } as const;
  const counts: number[] = [];
  for (let allowed = 0; ; allowed++) {
    const out = await temporaryFolder(t);
    for (const name of ['shards', 'documents', 'tails', 'failures', 'stats']) {
      await mkdir(join(out, name));
    }
    const work = new PartitionWork(partition, header.seqLen);
    work.add({
      documents: (['train', 'val'] as const).map((split, docId) => ({
        docId,
        source: 'x',
        length: 20,
        width: 1,
        height: 1,
        split,
        tokens: Uint16Array.from({ length: 20 }, (_, i) => i),
      })),
      failures: [],
      filtered: [],
      sourceBytes: 0,
      reused: { documents: 0, sourceBytes: 0 },
      seconds: { read: 0, encode: 0, tokenize: 0 },
    });
    let checks = 0;
    let atFailure: string[] | undefined;
    const check = async () => {
      if (checks++ < allowed) return;
      atFailure = await filesIn(out);
      throw new CodecLmError('LOCK_LOST', 'lost');
    };
    const commit = work.commit(out, header, { check });
    if (
      await commit.then(
        () => true,
        () => false,
      )
    ) {
      t.true((await readdir(join(out, 'stats'))).length === 1);
      break;
    }
    await t.throwsAsync(commit, { code: 'LOCK_LOST' });
    t.deepEqual(await filesIn(out), atFailure);
    t.deepEqual(await readdir(join(out, 'stats')), [], 'it does not count as done');
    counts.push(atFailure!.length);
  }
  // Nothing; the training shard and its documents; those held out; tails.
  t.deepEqual(counts, [0, 2, 4, 5]);
});
