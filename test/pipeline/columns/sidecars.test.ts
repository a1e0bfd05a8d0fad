/** Captions, labels and records of webdataset archives, into documents/ with their types. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { keyOf } from '../../../pipeline/columns/sidecars.ts';
import { runPipeline } from '../../../pipeline/index.ts';
import { readManifest, verify } from '../../../shards/index.ts';
import { columnsIn, type Labelled, labelled, shardsOf, wdsOf } from '../../helpers/columns.ts';
import { makeCorpus, removeFolder, workFolder } from '../../helpers/pipeline-runs.ts';
import { pax, tar, tarEntry } from '../../helpers/tars.ts';

const SMALL = { size: '32', seqLen: 256, partitionSize: 10, merges: 10 };

let work: string;
let corpus: string;
let rows: Labelled[];
test.before(async () => {
  work = await workFolder();
  corpus = join(work, 'corpus');
  await makeCorpus(corpus, 30);
  const files = (await readdir(corpus, { recursive: true })).filter((name) => /\.\w+$/.test(name));
  rows = labelled(files.sort());
  await writeFile(join(work, 'a.tar'), await wdsOf(corpus, rows));
});
test.after.always(() => removeFolder(work));

test.serial('txt, cls, json and its fields become columns; the tokens are the same', async (t) => {
  const [out, plain] = [join(work, 'ds'), join(work, 'plain')];
  const sources = join(work, 'a.tar');
  await runPipeline({ sources, out: plain, ...SMALL });
  const columns = 'caption=txt,label=cls,points=json.score,size=json.size,w=json.size.width,json';
  await runPipeline({ sources, out, columns, ...SMALL });
  t.deepEqual(await shardsOf(out), await shardsOf(plain));
  const manifest = await readManifest(out);
  t.deepEqual(
    manifest.columns!.map(({ name, type }) => `${name} ${type}`),
    ['caption string', 'label int64', 'points double', 'size string', 'w int64', 'json string'],
  );
  const found = await columnsIn(out);
  t.is(Object.keys(found).length, rows.length);
  for (const [i, { url, caption, label, score }] of rows.entries()) {
    const name = `${String(i).padStart(4, '0')}.${url.split('.').at(-1)}`;
    const { json, ...others } = found[name];
    const size = '{"width":48}';
    t.deepEqual(others, { caption, label, points: score, size, w: 48 });
    t.deepEqual(JSON.parse(String(json)), { score, size: { width: 48 }, tags: ['a', i] });
  }
  t.deepEqual((await verify(out)).problems, []);
  const plan = JSON.parse(await readFile(join(out, 'plan.json'), 'utf8'));
  t.deepEqual(plan.listing.ignored, {}, 'what is a column was not passed over');
});

test.serial('members that do not stand beside their picture are reported', async (t) => {
  const picture = await readFile(join(corpus, 'image-0.jpg'));
  const archive = tar(
    tarEntry({ name: '1.txt', content: 'one' }),
    tarEntry({ name: '2.jpg', content: picture }),
    tarEntry({ name: '2.txt', content: 'two' }),
    tarEntry({ name: '1.jpg', content: picture }),
    // A link has the columns beside it.
    pax([['path', '3.jpg']]),
    tarEntry({ name: 'x', type: '1', linkName: '2.jpg' }),
    tarEntry({ name: '3.txt', content: 'three' }),
  );
  const sources = join(work, 'unsorted.tar');
  await writeFile(sources, archive);
  const out = join(work, 'unsorted');
  await runPipeline({ sources, out, columns: 'txt', ...SMALL });
  t.deepEqual(await columnsIn(out), {
    '1.jpg': { txt: null },
    '2.jpg': { txt: 'two' },
    '3.jpg': { txt: 'three' },
  });
  const { listing, columns } = JSON.parse(await readFile(join(out, 'plan.json'), 'utf8'));
  t.regex(listing.problems[0].problem, /stands beside no input of its key.*sort the archive/);
  t.deepEqual(columns, [{ name: 'txt', type: 'string', missing: 1 }]);
});

test("keys are cut as webdataset's are", (t) => {
  const cases: [string, string, string][] = [
    ['a/0001.jpg', 'a/0001', 'jpg'],
    ['a.b/0001.seg.PNG', 'a.b/0001', 'seg.png'],
    ['0001', '0001', ''],
    ['a/.hidden.txt', 'a/.hidden', 'txt'],
  ];
  for (const [name, key, extension] of cases) t.deepEqual(keyOf(name), { key, extension });
});
