/** The codec `pixels` through every command line: nothing but its folder knows it. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { execa } from 'execa';
import { sharp } from '../../../../base/sharp.ts';
import { makeCorpus } from '../../../helpers/pipeline-runs.ts';
import { temporaryFolder } from '../../../helpers/temporary.ts';

const SIZE = 8;
const COLOURS = 24;
const LENGTH = SIZE * SIZE;
const CODEC = ['--codec', 'pixels', '--size', String(SIZE)];
const MODEL = ['model.hiddenSize=32', 'model.layers=1', 'model.heads=2', 'model.kvHeads=2'];
const SETTINGS = [...MODEL, 'model.intermediateSize=64', 'train.steps=2', 'train.microBatch=2'];

const env = { CODEC_LM_BACKEND: 'wasm' };

async function run(t: ExecutionContext, [program, ...args]: string[], wanted = 0) {
  const done = await execa('node', [`bin/${program}.js`, ...args], { reject: false, env });
  t.is(done.exitCode, wanted, `${program} ${args.join(' ')}: ${done.stderr}`);
  return done;
}

const lines = (stdout: string) => stdout.split('\n').map((line) => JSON.parse(line));

async function pixelsIn(file: string | Buffer): Promise<Buffer> {
  return sharp(file).removeAlpha().raw().toBuffer();
}

test('pipeline, shards, fit, sample, score and serve', async (t) => {
  const folder = await temporaryFolder(t);
  const [photos, data, model] = ['photos', 'data', 'model'].map((name) => join(folder, name));
  await makeCorpus(photos, 12);
  const colours = ['--colours', String(COLOURS)];
  const making = ['pipeline', 'run', 'images', photos, ...CODEC, ...colours, '--out', data];
  t.regex((await run(t, making)).stderr, /learned 24 colours from 12 images/);
  t.regex((await run(t, making)).stderr, /is complete already/);
  await run(t, ['shards', 'verify', data]);
  const manifest = JSON.parse(await readFile(join(data, 'dataset.json'), 'utf8'));
  t.deepEqual([manifest.seqLen, manifest.vocabSize, manifest.totals.rows], [66, 27, 12]);
  const { clusters } = manifest.codec.settings;
  t.is(Buffer.from(clusters, 'base64').length, COLOURS * 12);

  // A sequence is a document: <bos>, the pixels, <eos>.
  const shown = await run(t, ['shards', 'inspect', data, '--row', '0', '--json']);
  const row = JSON.parse(shown.stdout);
  t.deepEqual([row.ids[0], row.ids[65], row.ids.length], [24, 25, 66]);
  t.is(row.readings[1 + SIZE], 'row 1, column 0');
  t.true((await run(t, ['shards', 'inspect', data])).stdout.includes('clusters'));
  const page = join(folder, 'page.html');
  await run(t, ['shards', 'inspect', data, '--html', page]);
  t.regex(await readFile(page, 'utf8'), /data:image\/png/);

  const files = join(folder, 'files');
  await run(t, ['shards', 'extract', data, '--all', '--to', files]);
  const palette = Float32Array.from({ length: COLOURS * 3 }, (_, i) =>
    Buffer.from(clusters, 'base64').readFloatLE(4 * i),
  );
  const first = await pixelsIn(join(files, '00000000.png'));
  const raw = join(folder, 'raw');
  await run(t, ['shards', 'extract', data, '--all', '--raw', '--to', raw]);
  const symbols = await readFile(join(raw, '00000000.bin'));
  t.is(symbols.length, LENGTH);
  for (let i = 0; i < first.length; i++) {
    const value = 127.5 * (palette[3 * symbols[Math.floor(i / 3)] + (i % 3)] + 1);
    t.true(Math.abs(first[i] - value) <= 0.5);
  }

  const set = SETTINGS.flatMap((setting) => ['--set', setting]);
  await run(t, ['trainer', 'fit', '--preset', 'tiny', '--data', data, '--out', model, ...set]);

  // A checkpoint alone is enough: it holds the palette.
  const prompt = join(photos, 'image-0.jpg');
  const drawing = ['trainer', 'sample', '--checkpoint', model, '--json', '--num', '2'];
  const to = join(folder, 'samples');
  const given = ['--prompt', prompt, '--prompt-ratio', '0.3', '--to', to];
  const samples = lines((await run(t, [...drawing, ...given])).stdout);
  const names = await readdir(raw);
  const documents = await Promise.all(names.map((name) => readFile(join(raw, name), 'hex')));
  for (const { file, valid, finish, symbols: drawn, promptTokens } of samples) {
    // Two whole rows of eight are 0.25 of it.
    t.deepEqual([valid, finish, drawn, promptTokens], [true, 'eos', LENGTH, 1 + 2 * SIZE]);
    const beginning = (await pixelsIn(file)).subarray(0, 3 * 2 * SIZE);
    const known = await Promise.all(
      (await readdir(files)).map(async (name) =>
        (await pixelsIn(join(files, name))).subarray(0, beginning.length).equals(beginning),
      ),
    );
    t.true(known.includes(true), 'the prompt is the beginning of a document');
  }
  t.is(documents.length, 12);
  const free = await run(t, [...drawing, '--to', join(folder, 'free')]);
  for (const { valid, file } of lines(free.stdout)) {
    t.true(valid);
    t.is((await sharp(file).metadata()).format, 'png');
  }

  const maps = join(folder, 'maps');
  const scoring = ['trainer', 'score', '--checkpoint', model, '--map', maps, '--json', prompt];
  const [score] = lines((await run(t, scoring)).stdout);
  t.is(score.symbols, LENGTH);
  t.true(Math.abs(score.bitsPerSymbol - Math.log2(27)) < 1);
  t.is((await sharp(score.map).metadata()).width, 512);
  await isServed(t, model, prompt);
});

async function isServed(t: ExecutionContext, model: string, file: string) {
  const args = ['bin/trainer.js', 'serve', '--checkpoint', model, '--port', '0'];
  const child = execa('node', args, { reject: false, env });
  t.teardown(() => void child.kill('SIGKILL'));
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.on('data', (data) => resolve(String(data).trim()));
    child.on('exit', (code) => reject(new Error(`the server ended with ${code}`)));
  });
  const post = async (path: string, type: string, body: string | Buffer) => {
    const headers = { 'content-type': type };
    const response = await fetch(`${url}/${path}`, { method: 'POST', headers, body });
    const answer = await response.json();
    t.is(response.status, 200, JSON.stringify(answer));
    return answer as { prompt: number[]; choices: { text: string }[]; picture: string };
  };
  t.regex(
    await (await fetch(url)).text(),
    /writes Pixels files, symbol by symbol: images of 8x8 pixels/,
  );
  const octets = 'application/octet-stream';
  const { prompt } = await post('api/prompt?ratio=0.5', octets, await readFile(file));
  t.is(prompt.length, 1 + LENGTH / 2);
  const asked = { prompt, max_tokens: LENGTH / 2 + 1, seed: 1 };
  const { choices } = await post('v1/completions', 'application/json', JSON.stringify(asked));
  t.is([...choices[0].text].length, LENGTH / 2);
  const body = JSON.stringify({ prompt, text: choices[0].text });
  const { picture } = await post('api/picture', 'application/json', body);
  const { width, height } = await sharp(Buffer.from(picture, 'base64')).metadata();
  t.deepEqual([width, height], [SIZE, SIZE]);
}

test('options that do not fit, and what cannot be learned', async (t) => {
  const folder = await temporaryFolder(t);
  const photos = join(folder, 'photos');
  await makeCorpus(photos, 4);
  const golden = 'test/golden/pixels/clusters.npy';
  const running = ['pipeline', 'run', 'images', photos, ...CODEC, '--out', join(folder, 'data')];
  const other = await run(t, [...running, '--clusters', golden, '--colours', '9'], 2);
  t.regex(other.stderr, /clusters\.npy holds 48 colours, 9 were asked for .*leave --colours out/);
  const none = await run(t, [...running, '--clusters', 'nowhere.npy'], 2);
  t.regex(none.stderr, /nowhere\.npy.*\[INPUT_NOT_FOUND\]/);
  const many = await run(t, [...running, '--colours', '300'], 2);
  t.regex(many.stderr, /cannot learn 300 colours: the pixels of the sample have \d+ \(ask for at/);
  t.regex((await run(t, [...running, '--quality', '3'], 2)).stderr, /unknown option/);
  t.regex((await run(t, [...running, '--merges', '3'], 2)).stderr, /unknown option/);

  // What was given is what the dataset has; another palette is another dataset.
  const whole = ['--clusters', golden];
  const data = join(folder, 'data');
  await run(t, [...running, ...whole]);
  const refused = await run(t, [...running, '--colours', '9'], 2);
  t.regex(refused.stderr, /codec\.settings\.clusters: .{16}… \(768 characters\) there, none now/);
  await run(t, [
    ...running.slice(0, -1),
    join(folder, 'again'),
    '--clusters',
    join(data, 'dataset.json'),
  ]);
  const use = [join(photos, 'image-0.jpg'), ...CODEC, '--tokenizer', data];
  const [encoded] = lines((await run(t, ['tokenizer', 'encode', ...use, ...whole])).stdout);
  t.is(encoded.ids.length, LENGTH + 2);
  const lacking = await run(t, ['tokenizer', 'encode', ...use], 2);
  t.regex(lacking.stderr, /no colours are known yet .*dataset\.json/);
});
