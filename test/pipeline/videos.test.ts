import { chmod, copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { execa } from 'execa';
import sharp from 'sharp';
import { openDataset } from '../../shards/dataset/dataset.ts';
import { readTokenizer } from '../../tokenizer/bpe/files/huggingface.ts';
import { createAvcCodec } from '../../tokenizer/codecs/avc/encode.ts';
import { findFfmpeg } from '../../tokenizer/codecs/avc/ffmpeg/find.ts';
import { hashesOf, pipeline, removeFolder, workFolder } from '../helpers/pipeline-runs.ts';
import { randomNumbers } from '../helpers/rasters.ts';
import { makeClips } from '../helpers/videos.ts';

const isLong = process.env.CODEC_LM_TEST_LONG !== undefined;
const KILLS = isLong ? 20 : 2;
const CLIPS = isLong ? 120 : 10;
const SMALL = '--size 48x32 --seq-len 512 --partition-size 3 --merges 40'.split(' ');

const SHARDS = fileURLToPath(new URL('../../bin/shards.js', import.meta.url));

let work: string;
let corpus: string;
let whole: string;
let expected: Record<string, string>;
/** Duration of an uninterrupted run: kills come at any moment of it. */
let fullMs: number;

const run = (out: string, ...options: string[]) =>
  pipeline(['run', 'videos', corpus, '--out', out, ...SMALL, ...options]);

test.before(async () => {
  work = await workFolder();
  corpus = join(work, 'corpus');
  await makeClips(corpus, CLIPS, '64x48');
  whole = join(work, 'whole');
  const start = performance.now();
  const result = await run(whole);
  fullMs = performance.now() - start;
  if (result.exitCode !== 0) throw new Error(String(result.stderr));
  expected = await hashesOf(whole);
});
test.after.always(() => removeFolder(work));

test.serial(
  'the shards hold the canonical bytes of every clip, and say by which encoder',
  async (t) => {
    const dataset = await openDataset(whole);
    const bpe = await readTokenizer(whole);
    const codec = await createAvcCodec({ width: 48, height: 32 });
    t.deepEqual(dataset.manifest.codec.versions, { ...codec.versions });
    t.is(dataset.manifest.codec.name, 'avc');
    let documents = 0;
    for await (const { docId, ids } of dataset.documents()) {
      if (documents++ % 4 !== 0) continue;
      const bytes = bpe.decode(ids.subarray(1, -1));
      const source = await sourceOf(docId);
      t.deepEqual(
        bytes,
        new Uint8Array((await codec.encode(await readFile(source), source)).symbols),
      );
    }
    t.is(documents, CLIPS);
    await dataset.close();
  },
);

test.serial('shards inspect --html shows each clip as a strip of its frames', async (t) => {
  const page = join(work, 'page.html');
  const shown = await execa('node', [SHARDS, 'inspect', whole, '--html', page], { reject: false });
  t.is(shown.exitCode, 0, shown.stderr);
  const html = await readFile(page, 'utf8');
  const strips = [...html.matchAll(/src="data:image\/png;base64,([^"]+)"/g)];
  t.true(strips.length >= Math.min(CLIPS, 10));
  const { width, height } = await sharp(Buffer.from(strips[0][1], 'base64')).metadata();
  // Fifteen frames of 48x32 with gaps of 2, in one row or several.
  const columns = (width - 2) / 50;
  const rows = (height - 2) / 34;
  t.true(Number.isInteger(columns) && Number.isInteger(rows), `${width}x${height}`);
  t.is(Math.ceil(15 / columns), rows);
});

/** The clip that the frozen plan names by this id. */
async function sourceOf(docId: number): Promise<string> {
  const lists = await readdir(join(whole, 'plan'));
  const texts = await Promise.all(lists.map((name) => readFile(join(whole, 'plan', name), 'utf8')));
  const line = texts
    .join('')
    .split('\n')
    .find((text) => text.startsWith(`${docId}\t`));
  return join(corpus, line?.split('\t').at(2) ?? '');
}

test.serial(`killed ${KILLS} times at random moments and resumed: the same bytes`, async (t) => {
  const random = randomNumbers(11);
  let kills = 0;
  let datasets = 0;
  while (kills < KILLS) {
    const out = join(work, `killed-${datasets++}`);
    // A dataset that gets done between two kills is compared, and another one begun.
    for (let isDone = false; !isDone && kills < KILLS; ) {
      const attempt = run(out, '--workers', String(1 + (kills % 3)));
      const timer = setTimeout(() => attempt.kill('SIGKILL'), random() % Math.ceil(fullMs));
      const { signal } = await attempt;
      clearTimeout(timer);
      if (signal === 'SIGKILL') kills++;
      else isDone = true;
    }
    const result = await run(out, '--workers', '3');
    t.is(result.exitCode, 0, String(result.stderr));
    t.deepEqual(await hashesOf(out), expected);
  }
  t.log(`${kills} kills, ${datasets} datasets compared`);
});

test.serial('clips in an archive, beside what is no clip: the good ones, and codes', async (t) => {
  const folder = join(work, 'mixed');
  await mkdir(folder);
  const names = (await readdir(corpus)).slice(0, 2);
  await execa('tar', ['cf', join(folder, 'clips.tar'), '-C', corpus, ...names]);
  await writeFile(join(folder, 'list.mp4'), '#EXTM3U\n/etc/passwd\n');
  await writeFile(join(folder, 'empty.mkv'), '');
  await copyFile(join(corpus, names[0]), join(folder, 'picture.jpg'));
  const out = join(work, 'of-mixed');
  const options = [...SMALL, '--max-failures', '60%'];
  const result = await pipeline(['run', 'videos', folder, '--out', out, ...options]);
  t.is(result.exitCode, 3, String(result.stderr));
  t.regex(String(result.stderr), /planned 4 videos/);
  t.regex(String(result.stderr), /passed over, not named as videos: 1 \.jpg/);
  const { totals } = JSON.parse(await readFile(join(out, 'dataset.json'), 'utf8'));
  t.deepEqual(totals.failuresByCode, { VIDEO_EMPTY: 1, VIDEO_UNSUPPORTED: 1 });
  t.is(totals.documents, 2);
});

test.serial(
  'another ffmpeg is refused for a run that was begun, unless it is allowed',
  async (t) => {
    const { path } = await findFfmpeg();
    const other = join(work, 'other-ffmpeg');
    const renamed = `"${path}" -version | sed 's/^ffmpeg version [^ ]*/ffmpeg version other/'`;
    const script = `#!/bin/sh\nif [ "$1" = -version ]; then ${renamed}; else exec "${path}" "$@"; fi\n`;
    await writeFile(other, script);
    await chmod(other, 0o755);
    const out = join(work, 'changed');
    const planned = await pipeline(['plan', 'videos', corpus, '--out', out, ...SMALL]);
    t.is(planned.exitCode, 0, String(planned.stderr));
    const refused = await run(out, '--ffmpeg', other);
    t.is(refused.exitCode, 2);
    t.regex(
      String(refused.stderr),
      /codec\.versions\.ffmpeg: .* there, other now.*--allow-encoder/s,
    );
    const allowed = await run(out, '--ffmpeg', other, '--allow-encoder-change');
    t.is(allowed.exitCode, 0, String(allowed.stderr));
    const dataset = await openDataset(out);
    const [first] = dataset.manifest.shards;
    const made = await dataset.pool.use(first, async (shard) => shard.metadata.codec.versions);
    t.is(made.ffmpeg, 'other', 'a shard names the encoder that made it');
    await dataset.close();
  },
);

test.serial(
  'a missing ffmpeg, and options that make no sense, are one line and exit 2',
  async (t) => {
    const out = join(work, 'none');
    const missing = await run(out, '--ffmpeg', join(work, 'no-ffmpeg'));
    t.is(missing.exitCode, 2);
    t.regex(String(missing.stderr), /no-ffmpeg cannot be run.*\[TOOL_MISSING\]/);
    const odd = await run(out, '--qp', '99');
    t.is(odd.exitCode, 2);
    t.regex(String(odd.stderr), /--qp/);
  },
);
