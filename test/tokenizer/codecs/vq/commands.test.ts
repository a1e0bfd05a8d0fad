/** The codec `vq` through the command lines, killed and resumed: nothing but its folder knows it. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { execa } from 'execa';
import { sharp } from '../../../../base/sharp.ts';
import { hashesOf, makeCorpus, pipeline } from '../../../helpers/pipeline-runs.ts';
import { temporaryFolder } from '../../../helpers/temporary.ts';

const MODEL = 'test/golden/vq/taming';
const CODEC = ['--codec', 'vq', '--size', '16'];
const SMALL = ['model.hiddenSize=32', 'model.layers=1', 'model.heads=2', 'model.kvHeads=2'];
const SETTINGS = [...SMALL, 'model.intermediateSize=64', 'train.steps=2', 'train.microBatch=2'];

const env = { CODEC_LM_BACKEND: 'wasm' };

async function run(
  t: ExecutionContext,
  [program, ...args]: string[],
  options: { wanted?: number; vq?: string } = {},
) {
  const { wanted = 0, vq } = options;
  const variables = { ...env, ...(vq && { CODEC_LM_VQ: vq }) };
  const done = await execa('node', [`bin/${program}.js`, ...args], {
    reject: false,
    env: variables,
  });
  t.is(done.exitCode, wanted, `${program} ${args.join(' ')}: ${done.stderr}`);
  return done;
}

const lines = (stdout: string) => stdout.split('\n').map((line) => JSON.parse(line));

test('pipeline, shards, fit, sample and score; the model is named by an option or the environment', async (t) => {
  const folder = await temporaryFolder(t);
  const [photos, data, model] = ['photos', 'data', 'model'].map((name) => join(folder, name));
  await makeCorpus(photos, 12);
  const making = ['pipeline', 'run', 'images', photos, ...CODEC, '--out', data];
  await run(t, [...making, '--vq', MODEL]);
  const other = await run(t, [...making, '--vq', 'test/golden/vq/ithq'], { wanted: 2 });
  t.regex(other.stderr, /codec\.settings\.model: \w+ there, \w+ now/);
  t.regex((await run(t, making, { wanted: 2 })).stderr, /no model is named.*CODEC_LM_VQ/);

  // Checking asks no model; pictures do.
  await run(t, ['shards', 'verify', data]);
  const manifest = JSON.parse(await readFile(join(data, 'dataset.json'), 'utf8'));
  t.deepEqual([manifest.seqLen, manifest.vocabSize, manifest.totals.rows], [66, 67, 12]);
  const extracting = ['shards', 'extract', data, '--all', '--to', join(folder, 'files')];
  t.regex((await run(t, extracting, { wanted: 2 })).stderr, /need their model.*CODEC_LM_VQ/);
  await run(t, extracting, { vq: MODEL });
  const [first] = await readdir(join(folder, 'files'));
  t.is((await sharp(join(folder, 'files', first)).metadata()).width, 16);
  const page = join(folder, 'page.html');
  await run(t, ['shards', 'inspect', data, '--html', page], { vq: MODEL });
  t.regex(await readFile(page, 'utf8'), /data:image\/png/);

  const set = SETTINGS.flatMap((setting) => ['--set', setting]);
  await run(t, ['trainer', 'fit', '--preset', 'tiny', '--data', data, '--out', model, ...set]);
  const prompt = join(photos, 'image-0.jpg');
  const drawing = ['trainer', 'sample', '--checkpoint', model, '--json', '--num', '2'];
  const given = [...drawing, '--prompt', prompt, '--to', join(folder, 'samples')];
  for (const sample of lines((await run(t, given, { vq: MODEL })).stdout)) {
    t.deepEqual([sample.valid, sample.symbols, sample.promptTokens], [true, 64, 33]);
    t.is((await sharp(sample.file).metadata()).format, 'png');
  }
  const free = [...drawing, '--to', join(folder, 'free')];
  for (const { valid } of lines((await run(t, free, { vq: MODEL })).stdout)) t.true(valid);
  const maps = join(folder, 'maps');
  const scoring = ['trainer', 'score', '--checkpoint', model, '--map', maps, '--json', prompt];
  const [score] = lines((await run(t, scoring, { vq: MODEL })).stdout);
  t.true(Math.abs(score.bitsPerSymbol - Math.log2(67)) < 1);
  t.is((await sharp(score.map).metadata()).width, 512);
});

test('killed and resumed with 1, 2 and 4 workers: the same bytes', async (t) => {
  const folder = await temporaryFolder(t);
  const photos = join(folder, 'photos');
  await makeCorpus(photos, 24);
  const running = (out: string, workers: number) =>
    pipeline(
      ['run', 'images', photos, ...CODEC, '--vq', MODEL, '--partition-size', '4', '--json'].concat([
        '--out',
        join(folder, out),
        '--workers',
        String(workers),
      ]),
      { env },
    );
  t.is((await running('whole', 2)).exitCode, 0);
  const expected = await hashesOf(join(folder, 'whole'));
  for (const workers of [1, 2, 4]) {
    const out = `killed-${workers}`;
    const run = running(out, workers);
    run.stdout?.on('data', (chunk) => {
      if (String(chunk).includes('"event":"partition"')) run.kill('SIGKILL');
    });
    t.is((await run).signal, 'SIGKILL');
    t.is((await running(out, workers)).exitCode, 0);
    t.deepEqual(await hashesOf(join(folder, out)), expected);
  }
});
