import { cp, open, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { CodecLmError } from '../../../base/error.ts';
import { openDataset } from '../../../shards/dataset/dataset.ts';
import { readManifest, writeManifest } from '../../../shards/dataset/manifest.ts';
import { openShard } from '../../../shards/parquet/reader.ts';
import { writeSequenceShard } from '../../../shards/parquet/writer.ts';
import { verifyDataset } from '../../../shards/verify/verify.ts';
import { loadedFrom } from '../../helpers/damage.ts';
import { header, makeDataset } from '../../helpers/dataset.ts';
import { makePictureDataset, somePictures } from '../../helpers/pictures.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';

const SHARD = 'shards/part-00000.parquet';

async function pictureDataset(t: ExecutionContext) {
  const dir = await temporaryFolder(t);
  const pictures = await somePictures(9);
  const manifest = await makePictureDataset(dir, [
    ...pictures.slice(0, 5),
    null,
    ...pictures.slice(5),
  ]);
  return { dir, manifest, path: join(dir, SHARD) };
}

/** The content of a shard as text; throws the reader's error. */
async function contentOf(path: string): Promise<string> {
  const shard = await openShard(path);
  try {
    const rows: unknown[] = [shard.metadata.tokenizerHash];
    for await (const { ids, docIds, docStarts } of shard.rows()) {
      rows.push([ids.join(), docIds.join(), docStarts.join()]);
    }
    return JSON.stringify(rows);
  } finally {
    await shard.close();
  }
}

test('an undamaged dataset has no problem', async (t) => {
  const { dir, manifest } = await pictureDataset(t);
  const report = await verifyDataset(dir);
  t.deepEqual(report.problems, []);
  t.is(report.documents, 9);
  t.is(report.tokens, manifest.totals.tokens);
});

test('a flipped byte is an error of ours or changes nothing, and verify finds each', async (t) => {
  const { dir, path } = await pictureDataset(t);
  const original = await readFile(path);
  const content = await contentOf(path);
  let found = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.nat({ max: original.length - 1 }),
      fc.integer({ min: 1, max: 255 }),
      async (at, mask) => {
        const damaged = Buffer.from(original);
        damaged[at] ^= mask;
        await writeFile(path, damaged);
        try {
          const same = (await contentOf(path)) === content;
          // The hash of the tokenizer is text in the footer: the manifest guards it.
          if (!same) {
            const dataset = await openDataset(dir);
            const loader = dataset.loader({ microBatch: 1, epochs: 1 });
            await t.throwsAsync(async () => {
              for await (const _ of loader);
            });
            await dataset.close();
          }
        } catch (error) {
          found++;
          t.true(error instanceof CodecLmError, `byte ${at} ^ ${mask}: ${error}`);
          t.is((error as CodecLmError).code, 'SHARD_INVALID', `byte ${at} ^ ${mask}`);
        }
      },
    ),
    { numRuns: 500 },
  );
  t.true(found > 300, `${found} of 500 were found by the reader alone`);
  const damaged = Buffer.from(original);
  damaged[original.length >> 1] ^= 1;
  await writeFile(path, damaged);
  const { problems } = await verifyDataset(dir);
  t.true(problems.some(({ file, problem }) => file === SHARD && /sha256/.test(problem)));
});

test('a shard cut short anywhere is refused', async (t) => {
  const { dir, path } = await pictureDataset(t);
  const original = await readFile(path);
  for (let length = 0; length < original.length; length += length < 64 ? 1 : 37) {
    await writeFile(path, original.subarray(0, length));
    await t.throwsAsync(openShard(path), { code: 'SHARD_INVALID' }, `${length} bytes`);
  }
  await truncate(path, 5);
  const { problems } = await verifyDataset(dir);
  t.regex(problems[0].problem, /5 bytes; the manifest says \d+/);
});

test('lengths that a footer only claims are not believed', async (t) => {
  const { path } = await pictureDataset(t);
  const original = await readFile(path);
  for (const claimed of [0xffffffff, 0x7fffffff, original.length, original.length - 11, 0, 1]) {
    const damaged = Buffer.from(original);
    damaged.writeUInt32LE(claimed, original.length - 8);
    await writeFile(path, damaged);
    await t.throwsAsync(openShard(path), { code: 'SHARD_INVALID' }, `${claimed}`);
  }
  await writeFile(path, Buffer.alloc(1000));
  await t.throwsAsync(openShard(path), { code: 'SHARD_INVALID' });
  await writeFile(path, Buffer.concat([Buffer.from('PAR1'), Buffer.alloc(0)]));
  await t.throwsAsync(openShard(path), { code: 'SHARD_INVALID' });
});

test('a newer format version says to update', async (t) => {
  const { dir, path } = await pictureDataset(t);
  const original = await readFile(path);
  const text = original.toString('latin1').replace('{"formatVersion":1', '{"formatVersion":2');
  await writeFile(path, Buffer.from(text, 'latin1'));
  await t.throwsAsync(openShard(path), { code: 'SHARD_INVALID', message: /format version 2/ });
  t.regex(String(await loadedFrom(dir)), /part-00000\.parquet: format version 2, .* up to 1/);
  const { problems } = await verifyDataset(dir);
  t.true(problems.some(({ file, problem }) => file === SHARD && /format version 2/.test(problem)));
  const manifest = await readFile(join(dir, 'dataset.json'), 'utf8');
  await writeFile(
    join(dir, 'dataset.json'),
    manifest.replace('"formatVersion": 1', '"formatVersion": 2'),
  );
  await t.throwsAsync(readManifest(dir), { code: 'DATASET_INVALID', message: /format version 2/ });
});

test('missing, swapped and unlisted shards are named', async (t) => {
  const { dir, manifest } = await pictureDataset(t);
  const [first, second] = manifest.shards.map(({ file }) => join(dir, file));
  await cp(first, join(dir, 'spare'));
  await cp(first, join(dir, 'shards', 'part-99999.parquet'));
  await cp(second, first);
  await cp(join(dir, 'spare'), second);
  const swapped = await verifyDataset(dir);
  t.true(swapped.problems.filter(({ problem }) => /sha256|bytes/.test(problem)).length >= 2);
  t.true(swapped.problems.some(({ file }) => file === 'shards/part-99999.parquet'));
  const dataset = await openDataset(dir);
  const loader = dataset.loader({ microBatch: 1, epochs: 1 });
  const error = await t.throwsAsync(
    async () => {
      for await (const _ of loader);
    },
    { code: 'DATASET_INVALID' },
  );
  t.regex(error?.message ?? '', /part-0000\d\.parquet: \w+ is .*; the manifest says/);
  await dataset.close();
  await rm(first);
  const missing = await verifyDataset(dir);
  t.true(missing.problems.some(({ problem }) => /no such file|missing/.test(problem)));
});

test('another tokenizer, wrong totals and a wrong index are found', async (t) => {
  const { dir, manifest } = await pictureDataset(t);
  const tokenizer = join(dir, 'tokenizer.json');
  await writeFile(tokenizer, `${await readFile(tokenizer, 'utf8')} `);
  const listed = structuredClone(manifest);
  listed.totals.tokens++;
  await writeManifest(dir, listed);
  await rm(join(dir, 'failures'), { recursive: true });
  const { problems } = await verifyDataset(dir);
  t.true(problems.some((p) => p.file === 'tokenizer.json' && /another tokenizer/.test(p.problem)));
  t.regex(String(await loadedFrom(dir)), /tokenizer\.json is another tokenizer: sha256 /);
  t.true(problems.some((p) => p.file === 'dataset.json' && /totals\.tokens/.test(p.problem)));
  t.true(
    problems.some((p) => p.file === 'failures' && /0 failed inputs are listed/.test(p.problem)),
  );
});

test('a document that its codec refuses is found, though every hash is right', async (t) => {
  const dir = await temporaryFolder(t);
  const [good, bad] = await somePictures(2);
  bad[bad.length - 1] = 0;
  await makePictureDataset(dir, [good, bad]);
  const { problems } = await verifyDataset(dir);
  t.is(problems.length, 1);
  t.regex(problems[0].problem, /^document 1 at row \d+, token \d+: not a canonical/i);
});

test('padding that is not behind the last document is found, though every hash is right', async (t) => {
  const dir = await temporaryFolder(t);
  // Ids of the vocabulary without merges: <bos> 256, <eos> 257, <pad> 258.
  await makeDataset(
    dir,
    [
      [1, 2, 258, 3],
      [4, 5, 6, 7, 8],
    ],
    { seqLen: 4, partitionSize: 1 },
  );
  const { problems } = await verifyDataset(dir);
  const told = problems.map(({ file, problem }) => `${file}: ${problem}`).join('\n');
  t.regex(told, /part-00000\.parquet: row 0: <pad> at token 3 is not behind the last document/);
});

test('a plan that is another, or lists of it that are, are found', async (t) => {
  const { dir } = await pictureDataset(t);
  const list = join(dir, 'plan', 'part-00000.tsv');
  const text = await readFile(list, 'utf8');
  await writeFile(list, text.replace('input-3', 'input-7'));
  const problemsOf = async () =>
    (await verifyDataset(dir)).problems.map(({ file, problem }) => `${file}: ${problem}`);
  t.deepEqual(await problemsOf(), ['plan.json: the lists of plan/ are not those of the plan']);
  await rm(list);
  t.regex((await problemsOf()).join(), /^plan\.json: reading .*part-00000\.tsv: no such file/);
  await writeFile(list, text);
  const plan = join(dir, 'plan.json');
  await writeFile(plan, (await readFile(plan, 'utf8')).replace('"seed":0', '"seed":1'));
  t.deepEqual(await problemsOf(), ['plan.json: its seed is not that of the manifest']);
});

test('a manifest that names files outside of the dataset is refused', async (t) => {
  const { dir, manifest } = await pictureDataset(t);
  for (const file of ['../evil/x.parquet', '/etc/passwd', 'shards/../x', 'shards/..']) {
    const changed = structuredClone(manifest);
    changed.shards[0].file = file;
    await writeFile(join(dir, 'dataset.json'), JSON.stringify(changed));
    await t.throwsAsync(openDataset(dir), { code: 'DATASET_INVALID' }, file);
  }
});

test('a folder without a manifest says how to finish it', async (t) => {
  const dir = await temporaryFolder(t);
  await t.throwsAsync(openDataset(dir), { code: 'DATASET_INCOMPLETE', message: /dataset\.json/ });
  await t.throwsAsync(openDataset(join(dir, 'nowhere')), { code: 'INPUT_NOT_FOUND' });
  await writeFile(join(dir, 'dataset.json'), '{');
  await t.throwsAsync(openDataset(dir), { code: 'DATASET_INVALID' });
});

test('a full disk is one clear error, and leaves no file behind', async (t) => {
  const full = await open('/dev/full', 'w').catch(() => undefined);
  if (!full) return t.pass('no /dev/full here');
  const dir = await temporaryFolder(t);
  const row = {
    ids: new Uint16Array(16),
    docIds: Int32Array.of(0),
    docStarts: Int32Array.of(0),
  };
  const prototype = Object.getPrototypeOf(full) as { writev: unknown };
  const write = prototype.writev as (...args: unknown[]) => Promise<unknown>;
  // Every write of the shard goes to the full device.
  prototype.writev = function (this: unknown, ...args: unknown[]) {
    return write.apply(full, args);
  };
  try {
    await t.throwsAsync(writeSequenceShard(join(dir, 'a.parquet'), [row], header), {
      code: 'DISK_FULL',
    });
  } finally {
    prototype.writev = write;
    await full.close();
  }
  t.deepEqual(await readdir(dir), []);
});
