import { copyFile, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import test from 'ava';
import { execa } from 'execa';
import { openDataset } from '../../../shards/dataset/dataset.ts';
import { readDocuments } from '../../../shards/dataset/documents.ts';
import { readManifest } from '../../../shards/dataset/manifest.ts';
import {
  hashesOf,
  makeCorpus,
  pipeline,
  removeFolder,
  SMALL,
  workFolder,
} from '../../helpers/pipeline-runs.ts';

let work: string;
let corpus: string;
test.before(async () => {
  work = await workFolder();
  corpus = join(work, 'corpus');
  await makeCorpus(corpus, 30);
});
test.after.always(() => removeFolder(work));

async function run(out: string, ...args: string[]) {
  const result = await pipeline(['run', 'images', ...args, '--out', out, ...SMALL, '--json']);
  const events = String(result.stdout)
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  return { ...result, plan: events.find(({ event }) => event === 'plan') };
}

async function statusOf(out: string): Promise<Record<string, unknown>> {
  return JSON.parse(String((await pipeline(['status', out, '--json'])).stdout));
}

/** All of documents/, each with its name below the corpus: the archive or the folder is left out. */
async function documentsOf(out: string) {
  const rows: unknown[] = [];
  for (const { file } of (await readManifest(out)).documents) {
    for await (const { source, ...row } of readDocuments(join(out, file))) {
      rows.push({ ...row, name: source.replace(/^.*(corpus|\.tar)\//, '') });
    }
  }
  return rows;
}

test('a webdataset tar and the same files in a folder give the same documents', async (t) => {
  const folder = join(work, 'by-folder');
  t.is((await run(folder, corpus)).exitCode, 0);
  t.is((await documentsOf(folder)).length, 30);
  for (const format of ['ustar', 'gnu', 'pax']) {
    const tar = join(work, `${format}.tar`);
    await writeFile(join(corpus, 'image-0.json'), '{"caption": "none"}');
    const names = (await readdir(corpus, { recursive: true })).filter((name) => name.includes('.'));
    await execa('tar', [`--format=${format}`, '-cf', tar, '-C', corpus, ...names]);
    await rm(join(corpus, 'image-0.json'));
    const out = join(work, `by-${format}`);
    const result = await run(out, tar);
    t.is(result.exitCode, 0, String(result.stderr));
    t.deepEqual(result.plan.ignored, { '.json': 1 });
    const shards = (hashes: Record<string, string>) =>
      Object.entries(hashes).filter(([name]) => name.startsWith('shards/'));
    t.deepEqual(shards(await hashesOf(out)), shards(await hashesOf(folder)));
    t.deepEqual(await documentsOf(out), await documentsOf(folder));
  }
});

test('a damaged tar gives the members before the damage, and is reported', async (t) => {
  const tar = join(work, 'whole.tar');
  await execa('tar', ['-cf', tar, '-C', corpus, '.']);
  const content = await readFile(tar);
  const cut = join(work, 'cut.tar');
  await writeFile(cut, content.subarray(0, Math.floor(content.length / 2)));
  const out = join(work, 'from-cut');
  const result = await run(out, cut, '--quiet');
  t.is(result.exitCode, 3, String(result.stderr));
  t.true(result.plan.inputs > 5 && result.plan.inputs < 30);
  t.regex(result.plan.problems[0].problem, /cut off/, JSON.stringify(result.plan));
  t.is(result.plan.unread, 1);
  t.regex(String(result.stderr), /^inputs are missing: 1 place in the sources/m);
  t.is((await readManifest(out)).totals.unread, 1);
  t.is((await statusOf(out)).unread, 1);
  t.regex(String((await pipeline(['status', out])).stdout), /^not read +1 place/m);
  const again = await run(out, cut);
  t.is(again.exitCode, 3, 'complete already, and not whole');
  const verify = await execa('node', ['bin/shards.js', 'verify', out], { reject: false });
  t.is(verify.exitCode, 0, verify.stderr);
  t.regex(verify.stderr, /all good; inputs are missing: 1 place/);
});

test('names of any bytes, links, loops and duplicates are handled and reported', async (t) => {
  const odd = join(work, 'odd');
  await mkdir(join(odd, 'deep'), { recursive: true });
  const image = join(corpus, 'image-0.jpg');
  const names = ['tab\there.jpg', 'new\nline.jpg', 'back\\slash.jpg', 'été 🎨.jpg', 'NO EXTENSION'];
  for (const name of names) await copyFile(image, join(odd, name));
  await copyFile(
    image,
    Buffer.concat([Buffer.from(`${odd}/latin-`), Buffer.from([0xe9, 0xff]), Buffer.from('.jpg')]),
  );
  await symlink('..', join(odd, 'deep', 'up'));
  await symlink(join(odd, 'deep'), join(odd, 'again'));
  await symlink(image, join(odd, 'deep', 'linked.jpg'));
  await writeFile(join(odd, '.hidden.jpg'), 'x');
  const list = join(work, 'list.txt');
  await writeFile(
    list,
    `# a list\n\nodd/tab\there.jpg\r\n${join(corpus, 'image-2.jpg')}\nodd/missing.jpg\n`,
  );
  const out = join(work, 'from-odd');
  const result = await run(out, odd, `@${list}`, join(odd, 'NO EXTENSION'), '--max-failures', '50');
  t.is(result.exitCode, 3, String(result.stderr));
  // 6 odd names and a linked file; of the list one is new and one is missing.
  t.is(result.plan.inputs, 9);
  t.is(result.plan.duplicates, 2);
  t.is(result.plan.problems.length, 2);
  const { totals } = await readManifest(out);
  t.like(totals, { documents: 8, failures: 1, failuresByCode: { IMAGE_UNREADABLE: 1 } });
});

test('--retry-failed puts what came back into further shards and touches no other', async (t) => {
  const source = join(work, 'flaky');
  await makeCorpus(source, 30);
  const away = ['image-4.jpg', 'image-8.jpg', 'image-12.jpg'];
  const contents = await Promise.all(away.map((name) => readFile(join(source, name))));
  for (const name of away) await writeFile(join(source, name), '');
  const out = join(work, 'retried');
  const held = ['--val-fraction', '0.2', '--max-failures', '20'];
  t.is((await run(out, source, ...held)).exitCode, 3);
  const before = await hashesOf(out);
  await writeFile(join(source, away[0]), contents[0]);
  t.like(await statusOf(out), { state: 'complete', documents: 27, failures: 3, retry: null });
  t.is((await run(out, source, ...held, '--retry-failed')).exitCode, 3);
  t.like(await statusOf(out), {
    state: 'complete',
    inputs: { total: 30, done: 30 },
    documents: 28,
    failures: 2,
    failuresByCode: { IMAGE_EMPTY: 2 },
    retry: null,
  });
  const ranks = await run(
    out,
    source,
    ...held,
    '--retry-failed',
    ...'--rank 0 --world-size 2'.split(' '),
  );
  t.is(ranks.exitCode, 2);
  t.regex(String(ranks.stderr), /--retry-failed.*single process/);
  await writeFile(join(source, away[1]), contents[1]);
  await writeFile(join(source, away[2]), contents[2]);
  const last = await run(out, source, ...held, '--retry-failed');
  t.is(last.exitCode, 0, String(last.stderr));
  const after = await hashesOf(out);
  t.like(after, before);
  t.true(Object.keys(after).length > Object.keys(before).length);
  t.like((await readManifest(out)).totals, { inputs: 30, documents: 30, failures: 0 });
  t.like(await statusOf(out), { state: 'complete', documents: 30, failures: 0, retry: null });
  const dataset = await openDataset(out);
  t.is((await dataset.readDocument(0)).docId, 0);
  await dataset.close();
  const verify = await execa('node', ['bin/shards.js', 'verify', out], { reject: false });
  t.is(verify.exitCode, 0, verify.stderr);
});

test('a document is held out for its content: under any name, and when data is added', async (t) => {
  const source = join(work, 'held');
  await makeCorpus(source, 60);
  const splits = async (name: string) => {
    const out = join(work, name);
    const result = await run(out, source, '--val-fraction', '0.25');
    t.is(result.exitCode, 0, String(result.stderr));
    const dataset = await openDataset(out);
    const ids = { train: new Set<number>(), val: new Set<number>() };
    for (const split of ['train', 'val'] as const) {
      for await (const { docId } of dataset.documents(split)) ids[split].add(docId);
    }
    t.is(ids.train.size + ids.val.size, dataset.manifest.totals.documents);
    const splitOf = new Map<string, 'train' | 'val'>();
    for (const { file } of dataset.manifest.documents) {
      for await (const row of readDocuments(join(out, file))) {
        const split = ids.val.has(row.docId) ? 'val' : 'train';
        t.is(row.shard.startsWith('val-'), split === 'val');
        splitOf.set(basename(row.source), split);
      }
    }
    await dataset.close();
    return splitOf;
  };
  const before = await splits('held-60');
  const count = [...before.values()].filter((split) => split === 'val').length;
  t.true(count > 5 && count < 30, `${count} of 60 held out`);
  for (let i = 0; i < 60; i += 2) {
    await copyFile(join(source, `image-${i}.jpg`), join(source, `copy-${i}.jpg`));
  }
  const after = await splits('held-90');
  t.is(after.size, 90);
  for (const [name, split] of before) {
    t.is(after.get(name), split, name);
    t.is(after.get(name.replace('image', 'copy')) ?? split, split, `the copy of ${name}`);
  }
  const verify = await execa('node', ['bin/shards.js', 'verify', join(work, 'held-90')], {
    reject: false,
  });
  t.is(verify.exitCode, 0, verify.stderr);
});

test('--dry-run shows the plan and writes nothing', async (t) => {
  const out = join(work, 'dry');
  const args = ['run', 'images', corpus, '--out', out, ...SMALL, '--dry-run', '--json'];
  const reading = ['--icc', 'srgb', '--background', '#fff', '--orientation', 'ignore'];
  const result = await pipeline([...args, ...reading]);
  t.is(result.exitCode, 0, String(result.stderr));
  const shown = JSON.parse(String(result.stdout));
  t.like(shown, { inputs: 30, partitions: 3 });
  t.like(shown.codec.settings, { icc: 'srgb', background: '#fff', orientation: 'ignore' });
  t.false((await readdir(work)).includes('dry'));
});
