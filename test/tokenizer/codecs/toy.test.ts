/** A codec of one's own, registered by examples/toy-codec, through every command line: nothing else knows it. */
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { execa } from 'execa';
import { sharp } from '../../../base/sharp.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';

const SIDE = 8;
const PICTURES = 12;
const CLI = 'examples/toy-codec/cli.ts';
const SOURCE = ['--conditions=codec-lm-source', '--import=tsx'];

async function run(t: ExecutionContext, args: string[], wanted = 0) {
  const env = { CODEC_LM_BACKEND: 'wasm' };
  const done = await execa('node', [...SOURCE, CLI, ...args], { reject: false, env });
  t.is(done.exitCode, wanted, `${args.join(' ')}: ${done.stderr}`);
  return done;
}

const lines = (stdout: string) => stdout.split('\n').map((line) => JSON.parse(line));

/** Pictures of the codec's own size, so that nothing is resized. Each [SIDE * SIDE * 3]. */
async function makePictures(folder: string): Promise<Uint8Array[]> {
  await mkdir(folder);
  const pictures: Uint8Array[] = [];
  for (let n = 0; n < PICTURES; n++) {
    const pixels = Uint8Array.from({ length: SIDE * SIDE * 3 }, (_, i) => (i * (n + 7) + n) & 255);
    const image = sharp(pixels, { raw: { width: SIDE, height: SIDE, channels: 3 } });
    await image.png().toFile(join(folder, `${String(n).padStart(2, '0')}.png`));
    pictures.push(pixels);
  }
  return pictures;
}

/** By the definition: the highest bits of red, green and blue, in this order. */
function symbolsOf(pixels: Uint8Array, bits: number): number[] {
  return Array.from({ length: pixels.length / 3 }, (_, i) =>
    [0, 1, 2].reduce(
      (sum, c) => sum * 2 ** bits + Math.floor(pixels[3 * i + c] / 2 ** (8 - bits)),
      0,
    ),
  );
}

/** The answer of the server, for any route. */
interface Answer {
  prompt: number[];
  given: null;
  mime: string;
  choices: { text: string }[];
  picture: string;
}

/** The page, a prompt, a continuation, and pictures of it: files of this codec do not grow. */
async function isServed(t: ExecutionContext, model: string, file: string, document: number[]) {
  const args = ['trainer', 'serve', '--checkpoint', model, '--port', '0'];
  const child = execa('node', [...SOURCE, CLI, ...args], { reject: false });
  t.teardown(() => void child.kill('SIGKILL'));
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.on('data', (data) => resolve(String(data).trim()));
    child.on('exit', (code) => reject(new Error(`the server ended with ${code}`)));
  });
  const post = async (path: string, type: string, body: string | Buffer) => {
    const headers = { 'content-type': type };
    const response = await fetch(`${url}/${path}`, { method: 'POST', headers, body });
    const answer = (await response.json()) as Answer;
    t.is(response.status, 200, JSON.stringify(answer));
    return answer;
  };
  t.regex(await (await fetch(url)).text(), /writes Toy files, symbol by symbol: pictures of/);
  const octets = 'application/octet-stream';
  const prompt = await post('api/prompt?ratio=0.5', octets, await readFile(file));
  t.deepEqual(prompt.prompt, [512, ...document.slice(0, 32)]);
  t.deepEqual([prompt.given, prompt.mime], [null, 'image/png']);
  const request = { prompt: prompt.prompt, max_tokens: 33, seed: 1, echo: true };
  const { choices } = await post('v1/completions', 'application/json', JSON.stringify(request));
  const symbols = Array.from(choices[0].text, (each) => each.codePointAt(0)! - 0xe000);
  t.is(symbols.length, 64);
  t.deepEqual(symbols.slice(0, 32), document.slice(0, 32));
  const text = choices[0].text.slice(32);
  const asked = JSON.stringify({ prompt: prompt.prompt, text });
  const { picture, mime } = await post('api/picture', 'application/json', asked);
  t.is(mime, 'image/png');
  const pixels = await sharp(Buffer.from(picture, 'base64')).removeAlpha().raw().toBuffer();
  t.deepEqual(symbolsOf(pixels, 3), symbols);
}

const MODEL = ['model.hiddenSize=32', 'model.layers=1', 'model.heads=2', 'model.kvHeads=2'];
const SETTINGS = [...MODEL, 'model.intermediateSize=64', 'train.steps=2', 'train.microBatch=2'];

for (const { bits, alphabet } of [
  { bits: 3, alphabet: 512 },
  { bits: 1, alphabet: 8 },
]) {
  test(`an alphabet of ${alphabet}: pipeline, shards, fit, sample, score`, async (t) => {
    const folder = await temporaryFolder(t);
    const [photos, data, model] = ['photos', 'data', 'model'].map((name) => join(folder, name));
    const pictures = await makePictures(photos);
    const wanted = pictures.map((pixels) => symbolsOf(pixels, bits));
    const codec = ['--codec', 'toy', '--bits', String(bits)];
    await run(t, ['pipeline', 'run', 'images', photos, ...codec, '--out', data, '--seq-len', '66']);
    await run(t, ['shards', 'verify', data]);

    const raw = join(folder, 'raw');
    await run(t, ['shards', 'extract', data, '--all', '--raw', '--to', raw]);
    const found: number[][] = [];
    for (const name of (await readdir(raw)).sort()) {
      const file = await readFile(join(raw, name));
      // Two bytes a symbol, little-endian, where one is too small.
      t.is(file.length, SIDE * SIDE * (alphabet > 256 ? 2 : 1));
      found.push(
        Array.from({ length: SIDE * SIDE }, (_, i) =>
          alphabet > 256 ? file.readUInt16LE(2 * i) : file[i],
        ),
      );
    }
    const sorted = (documents: number[][]) => documents.map((document) => document.join()).sort();
    t.deepEqual(sorted(found), sorted(wanted));

    const row = JSON.parse(
      (await run(t, ['shards', 'inspect', data, '--row', '0', '--json'])).stdout,
    );
    t.deepEqual(row.ids.slice(0, 1), [alphabet]);
    t.is(row.readings[9], 'row 1, column 0');
    await run(t, ['shards', 'inspect', data, '--html', join(folder, 'page.html')]);

    const set = SETTINGS.flatMap((setting) => ['--set', setting]);
    await run(t, ['trainer', 'fit', '--preset', 'tiny', '--data', data, '--out', model, ...set]);
    const [step] = lines((await readFile(join(model, 'metrics.jsonl'), 'utf8')).trim());
    t.is(step.bitsPerByte, undefined);
    t.true(Math.abs(step.bitsPerSymbol - (step.loss / Math.LN2) * (65 / 64)) < 1e-6);

    const prompt = join(photos, '03.png');
    const drawing = ['trainer', 'sample', '--checkpoint', model, '--json', '--num', '2'];
    const given = ['--prompt', prompt, '--prompt-ratio', '0.25'];
    const to = join(folder, 'samples');
    const samples = lines((await run(t, [...drawing, ...given, '--to', to])).stdout);
    for (const { file, valid, finish, symbols, promptTokens } of samples) {
      t.deepEqual([valid, finish, symbols, promptTokens], [true, 'eos', 64, 17]);
      const bmp = await readFile(file);
      t.is(bmp.toString('latin1', 0, 2), 'BM');
      t.is(bmp.length, 54 + SIDE * SIDE * 3);
      // The first pixel of the prompt is the first of the last row in the file, blue in front.
      const most = 2 ** bits - 1;
      const [red, green, blue] = pictures[3].map((value) =>
        Math.round(((value >> (8 - bits)) / most) * 255),
      );
      const at = 54 + (SIDE - 1) * SIDE * 3;
      t.deepEqual([...bmp.subarray(at, at + 3)], [blue, green, red]);
    }

    // Where nothing is said, half of it is given.
    const half = [...drawing, '--prompt', prompt, '--to', join(folder, 'half')];
    for (const { promptTokens } of lines((await run(t, half)).stdout)) t.is(promptTokens, 33);

    const maps = join(folder, 'maps');
    const scoring = ['trainer', 'score', '--checkpoint', model, '--map', maps, '--json', prompt];
    const [score] = lines((await run(t, scoring)).stdout);
    t.is(score.symbols, 64);
    // Two steps teach nothing: about as many bits as all ids have alike.
    t.true(
      Math.abs(score.bitsPerSymbol - Math.log2(alphabet + 3)) < 1,
      String(score.bitsPerSymbol),
    );
    t.is((await sharp(score.map).metadata()).width, 512);
    if (bits === 3) await isServed(t, model, prompt, wanted[3]);
  });
}

test('the tokenizer command line has it too, and options of other codecs are refused', async (t) => {
  const folder = await temporaryFolder(t);
  const photos = join(folder, 'photos');
  const [first] = await makePictures(photos);
  const tokenizer = join(folder, 'tokenizer');
  const codec = ['--codec', 'toy'];
  await run(t, ['tokenizer', 'train', photos, ...codec, '--out', tokenizer]);
  const use = [join(photos, '00.png'), ...codec, '--tokenizer', tokenizer];
  const [encoded] = lines((await run(t, ['tokenizer', 'encode', ...use])).stdout);
  t.deepEqual(encoded.ids, [512, ...symbolsOf(first, 3), 513]);
  const merges = await run(
    t,
    ['tokenizer', 'train', photos, ...codec, '--out', 'x', '--merges', '3'],
    2,
  );
  t.regex(merges.stderr, /unknown option '--merges'/);
  const quality = ['pipeline', 'run', 'images', photos, '--out', 'x'];
  t.regex((await run(t, [...quality, ...codec, '--quality', '3'], 2)).stderr, /unknown option/);
  t.regex((await run(t, [...quality, '--bits', '3'], 2)).stderr, /unknown option/);
  t.regex(
    (await run(t, [...quality, '--codec', 'toys'], 2)).stderr,
    /--codec: known here: jpeg.*toy/,
  );
});

test('a dataset of a codec that is not registered names those that are', async (t) => {
  const folder = await temporaryFolder(t);
  const [photos, data] = [join(folder, 'photos'), join(folder, 'data')];
  await makePictures(photos);
  await run(t, ['pipeline', 'run', 'images', photos, '--codec', 'toy', '--out', data]);
  const args = ['bin/shards.js', 'extract', data, '--all', '--to', join(folder, 'files')];
  const done = await execa('node', args, { reject: false });
  t.is(done.exitCode, 2);
  t.regex(done.stderr, /no codec is called "toy"; known here: jpeg, avc.*\[CODEC_UNKNOWN\]/);
});
