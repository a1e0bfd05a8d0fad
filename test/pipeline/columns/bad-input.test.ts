/** Tables and members that are not what was asked for: errors that say file, row and what to do. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { CodecLmError, runPipeline } from '../../../pipeline/index.ts';
import { readManifest } from '../../../shards/index.ts';
import { makeCorpus, removeFolder, workFolder } from '../../helpers/pipeline-runs.ts';
import { tar, tarEntry } from '../../helpers/tars.ts';

let work: string;
let corpus: string;
let count = 0;
test.before(async () => {
  work = await workFolder();
  corpus = join(work, 'corpus');
  await makeCorpus(corpus, 6);
});
test.after.always(() => removeFolder(work));

async function run(name: string, content: string | Buffer, columns?: string, pathColumn = 'url') {
  const folder = join(work, `case-${count++}`);
  await mkdir(folder, { recursive: true });
  const source = join(folder, name);
  await writeFile(source, content);
  const out = join(folder, 'ds');
  const isTar = name.endsWith('.tar');
  const sources = isTar ? { sources: [source] } : { sources: [], list: [source], pathColumn };
  const options = { ...sources, columns, out, size: '32', seqLen: 256, merges: 10 };
  return { out, done: runPipeline({ ...options, maxFailures: 1 }) };
}

const [A, B] = ['../corpus/image-0.jpg', '../corpus/image-2.jpg'];

const CASES: [
  title: string,
  file: string,
  content: string,
  columns: string,
  RegExp,
  hint: RegExp,
][] = [
  [
    'a column that is not there',
    'rows.csv',
    `url,caption\n${A},x\n`,
    'captoin',
    /rows\.csv: it has no column captoin; its columns are url, caption$/,
    /did you mean caption\?/,
  ],
  ['no header at all', 'rows.csv', '', 'caption', /rows\.csv: empty$/, /first row/],
  [
    'a column of two names alike',
    'rows.csv',
    `url,caption,caption\n${A},x,y\n`,
    'caption',
    /two columns are called caption/,
    /rename/,
  ],
  [
    'a row with other fields than the header',
    'rows.csv',
    `url,caption\n${A},x\n${B},y,z\n`,
    'caption',
    /rows\.csv, row 2: .*CSV_RECORD_INCONSISTENT_FIELDS_LENGTH, near line 3/,
    /correct the row/,
  ],
  [
    'a quote without end',
    'rows.csv',
    `url,caption\n${A},"x\n${B},y\n`,
    'caption',
    /rows\.csv, row 1: .*CSV_QUOTE_NOT_CLOSED/,
    /doubled/,
  ],
  [
    'a row without its file',
    'rows.csv',
    `url,caption\n${A},x\n,y\n`,
    'caption',
    /rows\.csv, row 2: nothing in column url/,
    /remove the row/,
  ],
  [
    'one file with two captions',
    'rows.csv',
    `url,caption\n${A},x\n${B},y\n${A},z\n`,
    'caption',
    /rows\.csv, row 3: .*image-0\.jpg is named a second time, with other values than in row 1/,
    /one row for each file/,
  ],
  [
    'text in a column that was said to be of numbers',
    'rows.csv',
    `url,label\n${A},1\n${B},cat\n`,
    'label:int64',
    /rows\.csv, row 2: column label: "cat" is no int64/,
    /label:string/,
  ],
  [
    'mixed types in JSON',
    'rows.jsonl',
    `{"url":"${A}","label":1}\n{"url":"${B}","label":"1"}\n`,
    'label',
    /column label has mixed types: integer in .*row 1, string in .*row 2/,
    /label:string/,
  ],
  [
    'an integer that JSON does not hold exactly',
    'rows.jsonl',
    `{"url":"${A}","id":12345678901234567890}\n`,
    'id',
    /rows\.jsonl, row 1: column id holds .*not exact/,
    /as text/,
  ],
  [
    'a line that is no JSON',
    'rows.jsonl',
    `{"url":"${A}","a":1}\n{"url":\n`,
    'a',
    /rows\.jsonl, row 2: not JSON/,
    /correct the line/,
  ],
  [
    'a line that is no object',
    'rows.jsonl',
    '[1]\n',
    'a',
    /rows\.jsonl, row 1: not an object/,
    /each line/,
  ],
  [
    'a field that no line has',
    'rows.jsonl',
    `{"url":"${A}","caption":"x"}\n`,
    'label',
    /it has no column label; its columns are url, caption/,
    /did you mean url/,
  ],
  [
    'a column without one value',
    'rows.csv',
    `url,caption\n${A},\n`,
    'caption',
    /column caption: no input has a value of caption/,
    /members of archives/,
  ],
  [
    'an archive in a table',
    'rows.csv',
    `url,caption\na.tar,x\n`,
    'caption',
    /rows\.csv, row 1: a\.tar is an archive, not one input/,
    /sources of their own/,
  ],
  ['no Parquet', 'rows.parquet', 'x'.repeat(200), 'a', /reading it as Parquet/, /snappy/],
  [
    'bytes that are no UTF-8',
    'rows.csv',
    `url,caption\n${A},\xff\xfe\n`,
    'caption',
    /rows\.csv, row 1: not UTF-8/,
    /UTF-8/,
  ],
];

for (const [title, file, content, columns, message, hint] of CASES) {
  test.serial(title, async (t) => {
    const { out, done } = await run(file, Buffer.from(content, 'latin1'), columns);
    const error = await t.throwsAsync(done, { instanceOf: CodecLmError });
    t.is((error as CodecLmError).code, 'LIST_INVALID', error.message);
    t.regex(error.message, message);
    t.regex(String((error as CodecLmError).hint), hint);
    await t.throwsAsync(readManifest(out), undefined, 'nothing was made');
  });
}

for (const [columns, message] of [
  ['width', /documents\/ has a column width of its own/],
  ['a,a', /a is named twice/],
  ['a:float', /no type is called float/],
  ['a,,b', /is not NAME/],
] as const) {
  test.serial(`--columns ${columns} is refused`, async (t) => {
    const { done } = await run('rows.csv', `url,a\n${A},x\n`, columns);
    const error = await t.throwsAsync(done, { instanceOf: CodecLmError });
    t.is((error as CodecLmError).code, 'USAGE');
    t.regex(error.message, message);
  });
}

test.serial(
  'a table without the name of its path column, and a list that is no table',
  async (t) => {
    const list = [join(work, 'rows.csv')];
    await writeFile(list[0], 'url\n');
    const options = { sources: [], out: join(work, 'none') };
    await t.throwsAsync(runPipeline({ ...options, list }), { message: /which of its columns/ });
    const text = { ...options, list: [join(work, 'a.txt')], pathColumn: 'url' };
    await writeFile(text.list[0], 'a.jpg\n');
    await t.throwsAsync(runPipeline(text), { message: /a\.txt is no table/ });
    await t.throwsAsync(runPipeline(options), { message: /no SRC given/ });
  },
);

test.serial(
  'a row whose file is gone fails with its number; equal rows are one input',
  async (t) => {
    const rows = `url,caption\n${A},x\nmissing.jpg,y\n${A},x\n`;
    const { out, done } = await run('rows.csv', rows, 'caption');
    const manifest = (await done)!;
    t.like(manifest.totals, { inputs: 2, documents: 1, failures: 1 });
    const failures = await readFile(join(out, 'failures/part-00000.jsonl'), 'utf8');
    t.regex(JSON.parse(failures).message, /missing\.jpg.*\(row 2 of its table\)/);
  },
);

const MEMBERS: [title: string, member: string, content: string | Buffer, string, RegExp][] = [
  ['a record that is no JSON', '1.json', '{"a":', 'json.a', /case-.*\.tar\/1\.json: not JSON/],
  ['a caption that is no UTF-8', '1.txt', Buffer.from([0xff]), 'txt', /1\.txt: not UTF-8/],
  ['a caption beyond a mebibyte', '1.txt', 'x'.repeat(2 ** 20 + 1), 'txt', /at most 1048576/],
  ['a label that is no number', '1.cls', 'cat', 'label=cls:int64', /1\.cls: .*no int64/],
];
for (const [title, name, content, columns, message] of MEMBERS) {
  test.serial(`members: ${title}`, async (t) => {
    const picture = await readFile(join(corpus, 'image-0.jpg'));
    const archive = tar(tarEntry({ name: '1.jpg', content: picture }), tarEntry({ name, content }));
    const { done } = await run('a.tar', archive, columns);
    const error = await t.throwsAsync(done, { instanceOf: CodecLmError });
    t.is((error as CodecLmError).code, 'LIST_INVALID');
    t.regex(error.message, message);
  });
}
