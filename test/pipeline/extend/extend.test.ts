/** `pipeline extend`: further inputs by the dataset's own recipe, with everything that is there untouched. */
import { copyFile, cp, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import {
  CodecLmError,
  type ExtendOptions,
  extendPipeline,
  readStatus,
  runPipeline,
} from '../../../pipeline/index.ts';
import { readDocuments } from '../../../shards/dataset/documents.ts';
import { openDataset, readManifest, verify } from '../../../shards/index.ts';
import {
  hashesOf,
  makeCorpus,
  pipeline,
  removeFolder,
  workFolder,
} from '../../helpers/pipeline-runs.ts';

const RECIPE = {
  ...{ size: '32', seqLen: 256, partitionSize: 8, merges: 20, valFraction: 0.3 },
  dropDuplicates: true,
};

let work: string;
let first: string;
let more: string;
let base: string;

test.before(async () => {
  work = await workFolder();
  const all = join(work, 'all');
  [first, more, base] = ['first', 'more', 'base'].map((name) => join(work, name));
  await makeCorpus(all, 44);
  await mkdir(first);
  await mkdir(more);
  const files = (await readdir(all, { recursive: true })).filter((name) => /\.\w+$/.test(name));
  for (const [i, file] of files.sort().entries()) {
    await rename(join(all, file), join(i % 2 === 0 ? first : more, file.split('/').at(-1)!));
  }
  await rm(all, { recursive: true });
  // A picture that is in the dataset, under another name, and a broken one.
  const [one] = (await readdir(first)).sort();
  await copyFile(join(first, one), join(more, 'copy-of-one.jpg'));
  await writeFile(join(more, 'broken.jpg'), (await readFile(join(first, one))).subarray(0, 300));
  await runPipeline({ sources: first, out: base, ...RECIPE });
});
test.after.always(() => removeFolder(work));

/** A copy of the dataset, extended. */
async function extended(name: string, options: Partial<ExtendOptions> = {}) {
  const out = join(work, name);
  await cp(base, out, { recursive: true });
  return { out, manifest: await extendPipeline({ out, sources: [more], ...options }) };
}

/** Source -> id and split of each document. */
async function documentsOf(out: string): Promise<Map<string, { docId: number; split: string }>> {
  const found = new Map<string, { docId: number; split: string }>();
  for (const { file } of (await readManifest(out)).documents) {
    for await (const { source, docId, shard, sha256 } of readDocuments(join(out, file))) {
      if (!/^[0-9a-f]{64}$/.test(sha256 ?? '')) throw new Error(`${source} has no content hash`);
      found.set(source.split('/').at(-1)!, { docId, split: shard.split('-')[0] });
    }
  }
  return found;
}

test.serial('new inputs come into further shards; old ones, ids and the split stay', async (t) => {
  const old = await hashesOf(base);
  const { out, manifest } = await extended('extended', { workers: 1 });
  t.like(await hashesOf(out), old);
  t.deepEqual((await verify(out)).problems, []);
  const { totals } = manifest;
  t.is(totals.inputs, 46);
  t.is(totals.documents, 44);
  t.deepEqual(totals.failuresByCode, { IMAGE_CORRUPT: 1 });
  t.deepEqual(totals.filteredByReason, { duplicate: 1 }, 'against what was in already');
  t.is(manifest.config.extensions, 1);
  const [before, after] = [await documentsOf(base), await documentsOf(out)];
  for (const [source, place] of before) t.deepEqual(after.get(source), place, source);
  for (const [source, { docId }] of after) if (!before.has(source)) t.true(docId >= 22, source);
  // A dataset of everything at once has each document on the same side.
  const whole = join(work, 'whole');
  await runPipeline({ sources: [first, more], out: whole, ...RECIPE });
  for (const [source, { split }] of await documentsOf(whole)) {
    if (after.has(source)) t.is(after.get(source)!.split, split, source);
  }
  t.like(await readStatus(out), {
    state: 'complete',
    documents: 44,
    failures: 1,
    inputs: { total: 46, done: 46 },
    extension: null,
  });
});

test.serial('the bytes are the same for any number of workers', async (t) => {
  const { out } = await extended('workers', { workers: 3 });
  t.deepEqual(await hashesOf(out), await hashesOf(join(work, 'extended')));
});

test.serial('what is in already is passed over, also by the same command again', async (t) => {
  const out = join(work, 'extended');
  const before = await readFile(join(out, 'dataset.json'), 'utf8');
  await extendPipeline({ out, sources: [first, more] });
  t.is(await readFile(join(out, 'dataset.json'), 'utf8'), before);
});

test.serial(
  'stopped at any partition it leaves the old dataset, and goes on to the same bytes',
  async (t) => {
    const out = join(work, 'stopped');
    await cp(base, out, { recursive: true });
    for (let stops = 0; stops < 2; stops++) {
      const stop = new AbortController();
      const running = extendPipeline({
        ...{ out, sources: [more], signal: stop.signal },
        onEvent: ({ type }) => {
          if (type === (stops === 0 ? 'measuring' : 'partition')) stop.abort();
        },
      });
      const error = await t.throwsAsync(running, { instanceOf: CodecLmError });
      t.is((error as CodecLmError).code, 'INTERRUPTED');
      t.deepEqual(await readManifest(out), await readManifest(base), 'still the dataset of before');
    }
    t.like(await readStatus(out), { state: 'stopped', extension: { round: 1 } });
    const other = await t.throwsAsync(extendPipeline({ out, sources: [first] }));
    t.regex(other.message, /an extension with other sources is not finished: .*more/);
    const retry = runPipeline({ sources: first, out, ...RECIPE, retryFailed: true });
    await t.throwsAsync(retry, { message: /an extension is not finished/ });
    await extendPipeline({ out, sources: [more] });
    t.deepEqual(await hashesOf(out), await hashesOf(join(work, 'extended')));
    t.deepEqual((await verify(out)).problems, []);
  },
);

test.serial(
  'a process that is killed leaves the old dataset, and the command goes on',
  async (t) => {
    const out = join(work, 'killed');
    await cp(base, out, { recursive: true });
    const child = pipeline(['extend', out, more, '--json']);
    child.stdout!.on('data', (chunk) => {
      if (String(chunk).includes('"event":"partition"')) child.kill('SIGKILL');
    });
    await child;
    const manifest = await readManifest(out);
    if (manifest.config.extensions === undefined) t.deepEqual(manifest, await readManifest(base));
    const again = await pipeline(['extend', out, more]);
    t.is(again.exitCode, 3, String(again.stderr));
    t.deepEqual(await hashesOf(out), await hashesOf(join(work, 'extended')));
  },
);

test.serial('a failed input of an extension may be run again', async (t) => {
  const out = join(work, 'retried');
  await cp(join(work, 'extended'), out, { recursive: true });
  const broken = join(more, 'broken.jpg');
  const content = await readFile(broken);
  const [one] = (await readdir(more)).sort();
  await copyFile(join(more, one === 'broken.jpg' ? 'copy-of-one.jpg' : one), broken);
  const manifest = await runPipeline({ sources: first, out, ...RECIPE, retryFailed: true });
  await writeFile(broken, content);
  t.like(manifest!.totals, { inputs: 46, documents: 45, failures: 0 });
  t.deepEqual(manifest!.totals.filteredByReason, { duplicate: 1 });
  t.deepEqual((await verify(out)).problems, []);
  // And a further extension follows the retry.
  const third = join(work, 'third');
  await makeCorpus(third, 3);
  const last = await extendPipeline({ out, sources: third });
  t.is(last.totals.inputs, 49);
  t.deepEqual((await verify(out)).problems, []);
});

test.serial(
  'a loader that began before the extension goes on in the order of before',
  async (t) => {
    const take = async (
      dir: string,
      state?: { epoch: number; position: number; rows?: number },
    ) => {
      const dataset = await openDataset(dir);
      const loader = dataset.loader({
        ...{ microBatch: 2, epochs: 3, seed: 5 },
        ...(state ? { state: { seed: 5, ...state } } : {}),
      });
      const batches = [];
      for await (const batch of loader) batches.push(batch);
      const rows = dataset.sequences('train');
      await dataset.close();
      return { batches, rows };
    };
    const whole = await take(base);
    const { epoch, position } = whole.batches[2];
    const out = join(work, 'extended');
    const rest = await take(out, { epoch, position, rows: whole.rows });
    t.deepEqual(
      rest.batches.map(({ ids }) => [...ids]),
      whole.batches.slice(3).map(({ ids }) => [...ids]),
    );
    t.true((await take(out)).rows > whole.rows);
    await t.throwsAsync(take(out, { epoch, position, rows: whole.rows + 1 }), {
      message: /no shard ends at row/,
    });
  },
);

test.serial('what cannot be extended is refused', async (t) => {
  await t.throwsAsync(extendPipeline({ out: first, sources: more }), { message: /dataset\.json/ });
  const empty = join(work, 'empty');
  await mkdir(empty);
  const error = await t.throwsAsync(extendPipeline({ out: base, sources: empty }));
  t.is((error as CodecLmError).code, 'INPUT_EMPTY');
  const options = await pipeline(['extend', base, more, '--size', '64']);
  t.is(options.exitCode, 2);
  t.regex(String(options.stderr), /unknown option '--size'/);
  const out = join(work, 'failing');
  await cp(base, out, { recursive: true });
  const few = await t.throwsAsync(extendPipeline({ out, sources: more, maxFailures: 0 }));
  t.is((few as CodecLmError).code, 'TOO_MANY_FAILURES');
  t.deepEqual(await readManifest(out), await readManifest(base));
});
