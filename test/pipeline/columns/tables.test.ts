/** Captions and labels of tables: into documents/ with their types, and nothing of them in the tokens. */
import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { execa } from 'execa';
import {
  asyncBufferFromFile,
  parquetMetadataAsync,
  parquetReadObjects,
  parquetSchema,
} from 'hyparquet';
import { runPipeline } from '../../../pipeline/index.ts';
import { readManifest, verify } from '../../../shards/index.ts';
import {
  columnsIn,
  csvOf,
  jsonLinesOf,
  type Labelled,
  labelled,
  shardsOf,
  writeParquet,
} from '../../helpers/columns.ts';
import {
  hashesOf,
  makeCorpus,
  pipeline,
  removeFolder,
  SMALL,
  workFolder,
} from '../../helpers/pipeline-runs.ts';
import { testIf } from '../../helpers/tools.ts';

const COLUMNS = ['--path-column', 'url', '--columns', 'caption,label,score,ok'];
const TYPES = { caption: 'string', label: 'int64', score: 'double', ok: 'boolean' };
const PYTHON = join(import.meta.dirname, '../../../bench/peers/.venv/bin/python');

let work: string;
let corpus: string;
let rows: Labelled[];
let expected: Record<string, unknown>;
test.before(async () => {
  work = await workFolder();
  corpus = join(work, 'corpus');
  await makeCorpus(corpus, 40);
  const files = (await readdir(corpus, { recursive: true })).filter((name) => /\.\w+$/.test(name));
  rows = labelled(files.sort());
  expected = Object.fromEntries(
    rows
      .map(({ url, ...columns }) => [url.split('/').at(-1)!, columns] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
  await writeFile(join(corpus, 'rows.csv'), csvOf(rows));
  await writeFile(join(corpus, 'rows.jsonl'), jsonLinesOf(rows));
  await writeFile(join(corpus, 'list.txt'), rows.map(({ url }) => url).join('\n'));
  await writeParquet(join(corpus, 'rows.parquet'), rows);
});
test.after.always(() => removeFolder(work));

/** Runs with a table; the dataset is named like it. */
async function runTable(table: string, ...more: string[]) {
  const out = join(work, `from-${table}`);
  const list = ['--list', join(corpus, table), ...COLUMNS];
  const run = await pipeline(['run', 'images', ...list, '--out', out, ...SMALL, ...more]);
  return { out, run };
}

test.serial('CSV, JSON lines and Parquet give the same columns, and no other tokens', async (t) => {
  const plain = join(work, 'plain');
  const list = `@${join(corpus, 'list.txt')}`;
  t.is((await pipeline(['run', 'images', list, '--out', plain, ...SMALL])).exitCode, 0);
  let first: Record<string, string> | undefined;
  for (const table of ['rows.csv', 'rows.jsonl', 'rows.parquet']) {
    const { out, run } = await runTable(table);
    t.is(run.exitCode, 0, String(run.stderr));
    t.regex(String(run.stderr), /columns: caption string \(6 missing\), label int64 \(8 missing\)/);
    t.deepEqual(await columnsIn(out), expected, table);
    t.deepEqual(await shardsOf(out), await shardsOf(plain), table);
    const hashes = await hashesOf(out);
    first ??= hashes;
    t.deepEqual(hashes, first, `${table}: documents/ too`);
    t.deepEqual((await verify(out)).problems, []);
    const { columns } = await readManifest(out);
    t.deepEqual(Object.fromEntries(columns!.map(({ name, type }) => [name, type])), TYPES);
  }
  t.false('columns' in (await readManifest(plain)));
});

test.serial('another reader of Parquet sees the columns with their types', async (t) => {
  const file = await asyncBufferFromFile(join(work, 'from-rows.csv/documents/part-00000.parquet'));
  const { children } = parquetSchema(await parquetMetadataAsync(file));
  const types = children.slice(9).map(({ element }) => [element.name, element.type]);
  t.deepEqual(types, [
    ['caption', 'BYTE_ARRAY'],
    ['label', 'INT64'],
    ['score', 'DOUBLE'],
    ['ok', 'BOOLEAN'],
  ]);
  for (const { source, caption, label, score, ok } of await parquetReadObjects({ file })) {
    const found = { caption, label: label === null ? null : Number(label), score, ok };
    t.deepEqual(found, expected[source.split('/').at(-1)] as typeof found);
  }
});

testIf(
  existsSync(PYTHON),
  'no bench/peers/setup.sh was run',
  'pandas reads the columns',
  async (t) => {
    const { out, run } = await runTable('rows.csv');
    t.is(run.exitCode, 0);
    const script = `
import json, sys, pandas
frame = pandas.read_parquet(sys.argv[1], dtype_backend="numpy_nullable")
print(json.dumps({"types": {n: str(t) for n, t in frame.dtypes.items()},
                  "labels": int(frame["label"].sum()), "missing": int(frame["caption"].isna().sum())}))
`;
    const { stdout } = await execa(PYTHON, ['-c', script, join(out, 'documents')]);
    const found = JSON.parse(stdout);
    t.like(found.types, { caption: 'string', label: 'Int64', score: 'Float64', ok: 'boolean' });
    t.is(found.missing, 6);
    t.is(
      found.labels,
      rows.reduce((sum, { label }) => sum + (label ?? 0), 0),
    );
  },
);

test.serial('ranks, workers and a resumed run write the same documents/', async (t) => {
  const table = join(corpus, 'rows.csv');
  const out = join(work, 'ranks');
  const same = ['--list', table, ...COLUMNS, '--out', out, ...SMALL];
  t.is((await pipeline(['plan', 'images', ...same])).exitCode, 0);
  // The plan has frozen the rows: what becomes of the table does not count any more.
  const content = await readFile(table);
  await writeFile(table, csvOf(rows.slice(1)));
  for (const rank of ['1', '0']) {
    const run = await pipeline(['run', 'images', ...same, '--rank', rank, '--world-size', '2']);
    t.is(run.exitCode, 0, String(run.stderr));
  }
  await writeFile(table, content);
  t.is((await pipeline(['finalize', out])).exitCode, 0);
  t.deepEqual(await hashesOf(out), await hashesOf(join(work, 'from-rows.csv')));
  const other = await pipeline([
    'run',
    'images',
    '--list',
    table,
    '--path-column',
    'url',
    '--out',
    out,
    ...SMALL,
  ]);
  t.is(other.exitCode, 2);
  t.regex(String(other.stderr), /other settings: columns\.of\.0\.name: caption there, none now/);
});

test.serial('inspect and --dry-run show the columns', async (t) => {
  const shown = await execa('node', ['bin/shards.js', 'inspect', join(work, 'from-rows.csv')]);
  t.regex(shown.stdout, /^columns +caption string \(6 missing\), label int64 \(8 missing\)/m);
  const { run } = await runTable('rows.jsonl', '--dry-run', '--out', join(work, 'nowhere'));
  t.regex(String(run.stdout), /^columns +caption string/m);
});

test.serial(
  'names and types may be chosen; Windows line ends and a byte order mark are read',
  async (t) => {
    const table = join(corpus, 'windows.csv');
    await writeFile(table, `\ufeff${csvOf(rows, '\r\n')}`);
    const out = join(work, 'chosen');
    await runPipeline({
      sources: [],
      list: [table],
      pathColumn: 'url',
      columns: 'text=caption, label:string, points=score:double',
      ...{ out, size: '32', seqLen: 256, merges: 10 },
    });
    const { columns } = await readManifest(out);
    t.deepEqual(
      columns!.map(({ name, type }) => `${name} ${type}`),
      ['text string', 'label string', 'points double'],
    );
    const [name, found] = Object.entries(await columnsIn(out))[0];
    const { caption, label, score } = expected[name] as Labelled;
    t.deepEqual(found, {
      text: caption,
      label: label === null ? null : String(label),
      points: score,
    });
  },
);
