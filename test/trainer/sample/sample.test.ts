import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { sharp } from '../../../base/sharp.ts';
import { parseDocument } from '../../../tokenizer/codecs/jpeg/document.ts';
import { createJpegCodec } from '../../../tokenizer/codecs/jpeg/encode.ts';
import { cutAfterShare } from '../../../tokenizer/codecs/jpeg/prompt.ts';
import { fromJpegFile } from '../../../tokenizer/codecs/jpeg/view.ts';
import type { SampleFile } from '../../../trainer/sample/output.ts';
import { makeWorkplace, run, SMALL, type Workplace } from '../../helpers/workplace.ts';

let place: Workplace;
let trained: string;
test.before(async (t) => {
  // Machines that run other things too take their time.
  t.timeout(170_000);
  place = await makeWorkplace();
  trained = join(place.folder, 'run');
  const fit = ['fit', '--data', place.data, '--out', trained, ...SMALL, '--set', 'train.steps=3'];
  const done = await run('trainer', fit);
  if (done.exitCode !== 0) throw new Error(done.stderr);
});
test.after.always(() => place?.remove());

const sample = (to: string, ...args: string[]) =>
  run('trainer', ['sample', '--checkpoint', trained, '--to', to, ...args]);

test.serial(
  'with the grammar every sample opens, and the batch size changes nothing',
  async (t) => {
    const [one, other] = [join(place.folder, 'by-2'), join(place.folder, 'by-5')];
    // The limit is wide: an untrained model goes on for long.
    const same = ['--num', '5', '--seed', '7', '--max-tokens', '250', '--json'];
    const first = await sample(one, ...same, '--batch', '2');
    t.is(first.exitCode, 0, first.stderr);
    const second = await sample(other, ...same, '--batch', '5');
    t.is(second.exitCode, 0, second.stderr);
    const names = Array.from({ length: 5 }, (_, i) => `${String(i).padStart(8, '0')}.jpg`);
    const beside = names.map((name) => name.replace('.jpg', '.json'));
    t.deepEqual(
      (await readdir(one)).sort(),
      [...names, ...beside, 'index.html', 'sheet.png'].sort(),
    );
    for (const name of [...names, 'sheet.png']) {
      t.true((await readFile(join(one, name))).equals(await readFile(join(other, name))), name);
    }
    const contents = await Promise.all(names.map((name) => readFile(join(one, name))));
    t.is(new Set(contents.map((content) => content.toString('hex'))).size, 5);
    for (const content of contents) {
      const { info } = await sharp(content, { failOn: 'warning' })
        .raw()
        .toBuffer({ resolveWithObject: true });
      t.deepEqual([info.width, info.height], [32, 32]);
    }
    const lines: SampleFile[] = first.stdout.split('\n').map((line) => JSON.parse(line));
    t.deepEqual(lines.map((line) => line.sample).sort(), [0, 1, 2, 3, 4]);
    t.true(lines.every((line) => line.valid && line.finish === 'eos' && line.logProbability < 0));
  },
);

test.serial('another seed gives other files', async (t) => {
  const limits = ['--num', '1', '--max-tokens', '250'];
  const [one, other] = [join(place.folder, 'seed-1'), join(place.folder, 'seed-2')];
  t.is((await sample(one, ...limits, '--seed', '1')).exitCode, 0);
  t.is((await sample(other, ...limits, '--seed', '2')).exitCode, 0);
  const file = '00000000.jpg';
  t.false((await readFile(join(one, file))).equals(await readFile(join(other, file))));
});

test.serial('without the grammar what is no image is kept and said so', async (t) => {
  const to = join(place.folder, 'free');
  const ended = await sample(to, '--num', '3', '--grammar', 'off', '--json', '--max-tokens', '40');
  t.is(ended.exitCode, 0, ended.stderr);
  t.deepEqual((await readdir(to)).sort(), [
    ...['00000000.bin', '00000000.json', '00000001.bin', '00000001.json'],
    ...['00000002.bin', '00000002.json', 'index.html', 'sheet.png'],
  ]);
  t.regex(ended.stderr, /3 of 3 samples are not valid/);
  const line: SampleFile = JSON.parse(ended.stdout.split('\n')[0]);
  t.false(line.valid);
  t.regex(String(line.reason), /not a canonical JPEG/);
});

test.serial('a prompt stays as it is in every sample', async (t) => {
  const [name] = (await readdir(place.corpus)).sort();
  const to = join(place.folder, 'completed');
  const ended = await sample(
    to,
    '--num',
    '2',
    '--prompt',
    join(place.corpus, name),
    '--prompt-ratio',
    '0.5',
    '--max-tokens',
    '250',
  );
  t.is(ended.exitCode, 0, ended.stderr);
  const codec = createJpegCodec({ width: 32, height: 32 });
  const source = await readFile(join(place.corpus, name));
  const document = parseDocument((await codec.encode(source, name)).symbols);
  const given = document.bytes.subarray(0, cutAfterShare(document, 0.5));
  for (const file of ['00000000.jpg', '00000001.jpg']) {
    const { bytes } = fromJpegFile(await readFile(join(to, file)));
    t.is(Buffer.compare(bytes.subarray(0, given.length), given), 0);
  }
});

test.serial('a page shows the run with pictures of its dataset and its samples', async (t) => {
  const page = join(place.folder, 'page', 'index.html');
  const pictures = ['--data', place.data, '--samples', join(place.folder, 'free')];
  const ended = await run('trainer', ['report', trained, '--html', page, ...pictures]);
  t.is(ended.exitCode, 0, ended.stderr);
  const html = await readFile(page, 'utf8');
  t.is(html.match(/src="data:image\/jpeg;base64,/g)?.length, 24);
  t.regex(html, /24 of 96 documents/);
  t.regex(html, /3 samples, 0 of them valid/);
  const table = await run('trainer', ['report', trained]);
  t.regex(table.stdout, /^ *step +loss.*\n[- ]+\n +1 .*\n +2 .*\n +3 .*$/);
});

test.serial('wrong use ends with 2 and touches nothing', async (t) => {
  const full = join(place.folder, 'full');
  await mkdir(full);
  await writeFile(join(full, 'mine.txt'), 'mine');
  const fresh = join(place.folder, 'fresh');
  const cases: [string[], RegExp][] = [
    [['--checkpoint', join(place.folder, 'none'), '--to', fresh], /none holds no checkpoint/],
    [['--checkpoint', trained, '--to', full], /not empty.*\[OUTPUT_IN_USE\]/],
    [['--checkpoint', trained, '--to', fresh, '--prompt-ratio', '0.5'], /--prompt/],
    [['--checkpoint', trained, '--to', fresh, '--prompt', 'no-such.png'], /no-such.png/],
    [['--checkpoint', trained, '--to', fresh, '--max-tokens', '20'], /--max-tokens/],
    [['--checkpoint', trained, '--to', fresh, '--top-p', '0'], /--top-p/],
    [['--checkpoint', trained, '--to', fresh, '--grammar', 'maybe'], /--grammar/],
    [['--checkpoint', trained], /--to/],
  ];
  const all = await Promise.all(cases.map(([args]) => run('trainer', ['sample', ...args])));
  for (const [i, [, message]] of cases.entries()) {
    const ended = all[i];
    t.is(ended.exitCode, 2, ended.stderr);
    t.regex(ended.stderr, message);
    t.is(ended.stdout, '');
  }
  t.deepEqual(await readdir(full), ['mine.txt']);
  t.false((await readdir(place.folder)).includes('fresh'));
});
