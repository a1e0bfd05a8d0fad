import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { sharp } from '../../../base/sharp.ts';
import { parseAvcDocument } from '../../../tokenizer/codecs/avc/document.ts';
import { avc } from '../../../tokenizer/codecs/avc/index.ts';
import { avcSettingsSchema } from '../../../tokenizer/codecs/avc/settings.ts';
import { parseDocument } from '../../../tokenizer/codecs/jpeg/document.ts';
import { createJpegCodec } from '../../../tokenizer/codecs/jpeg/encode.ts';
import { jpeg } from '../../../tokenizer/codecs/jpeg/index.ts';
import { jpegSettingsSchema } from '../../../tokenizer/codecs/jpeg/settings.ts';
import { loadEngine, readCheckpoint } from '../../../trainer/sample/load.ts';
import { makeCheckpoint, TOKENIZER } from '../../helpers/checkpoint.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';
import { testWith } from '../../helpers/tools.ts';
import { makeClips } from '../../helpers/videos.ts';
import { run } from '../../helpers/workplace.ts';

const SIDE = 32;

async function photo(file: string, seed: number): Promise<string> {
  const pixels = Uint8Array.from({ length: SIDE * SIDE * 3 }, (_, i) => (i * (seed + i)) >> 4);
  await sharp(pixels, { raw: { width: SIDE, height: SIDE, channels: 3 } }).toFile(file);
  return file;
}

/** Bits of the document by reading it one token at a time, <eos> counted. */
async function bitsOneByOne(checkpoint: string, document: Uint8Array): Promise<number> {
  const loaded = await readCheckpoint(checkpoint);
  const ids = [TOKENIZER.bosId, ...TOKENIZER.encode(document), TOKENIZER.eosId];
  const engine = await loadEngine(loaded, { sequences: 1, positions: ids.length, threads: 1 }, () =>
    Promise.reject(new Error('no backend is needed')),
  );
  const sequence = engine.open(ids.length)!;
  let bits = 0;
  for (const [i, id] of ids.slice(0, -1).entries()) {
    const [logits] = await engine.step([{ sequence, id, wantsLogits: true }]);
    const exponentials = Array.from(logits, (logit) => Math.exp(logit));
    const total = exponentials.reduce((sum, each) => sum + each, 0);
    bits -= Math.log2(exponentials[ids[i + 1]] / total);
  }
  await engine.dispose();
  return bits;
}

test('bits per byte are those of the tokens, one by one', async (t) => {
  const folder = await temporaryFolder(t);
  const checkpoint = join(folder, 'checkpoint');
  await makeCheckpoint(checkpoint, { side: SIDE });
  const files = [await photo(join(folder, 'a.png'), 3), await photo(join(folder, 'b.png'), 8)];
  const maps = join(folder, 'maps');
  const args = ['score', '--checkpoint', checkpoint, '--map', maps, '--json', ...files];
  const done = await run('trainer', args);
  t.is(done.exitCode, 0, done.stderr);
  const lines = done.stdout.split('\n').map((line) => JSON.parse(line));
  t.deepEqual(
    lines.map(({ file }) => file),
    files,
  );
  const codec = createJpegCodec({ width: SIDE, height: SIDE });
  for (const { file, bitsPerByte, bytes, tokens, map } of lines) {
    const document = (await codec.encode(await readFile(file), file)).symbols;
    t.is(bytes, document.length);
    t.is(tokens, TOKENIZER.encode(document).length + 1);
    const expected = (await bitsOneByOne(checkpoint, document)) / bytes;
    t.true(Math.abs(bitsPerByte - expected) < 1e-5, `${bitsPerByte} against ${expected}`);
    const { width, height, format } = await sharp(map).metadata();
    t.deepEqual({ width, height, format }, { width: 512, height: 512, format: 'png' });
  }
});

test('what is no image is named', async (t) => {
  const folder = await temporaryFolder(t);
  const checkpoint = join(folder, 'checkpoint');
  await makeCheckpoint(checkpoint, { side: SIDE });
  const bad = join(folder, 'bad.png');
  await writeFile(bad, 'no image');
  const done = await run('trainer', ['score', '--checkpoint', checkpoint, bad]);
  t.not(done.exitCode, 0);
  t.regex(done.stderr, /bad\.png/);
});

/** Mean of red less that of blue: the heat over a grey picture. */
async function warmth(png: Uint8Array, left: number, top: number, width: number, height: number) {
  const part = sharp(png).extract({ left, top, width, height });
  const { channels } = await sharp(await part.png().toBuffer()).stats();
  return channels[0].mean - channels[2].mean;
}

test('the map of an image is hot where the bits are', async (t) => {
  const settings = jpegSettingsSchema.parse({ width: SIDE, height: SIDE });
  const grey = await sharp({
    create: { width: SIDE, height: SIDE, channels: 3, background: '#808080' },
  })
    .png()
    .toBuffer();
  const { surprise, encoder } = await jpeg.open(settings);
  const codec = await encoder();
  const { symbols: bytes } = await codec.encode(grey, 'grey');
  const { mcuOffsets } = parseDocument(bytes as Uint8Array);
  const bits = new Float64Array(bytes.length);
  // The header is no MCU's.
  bits.fill(99, 0, mcuOffsets[0]);
  bits[mcuOffsets[2]] = 5;
  const png = await surprise(bytes, bits);
  const quarter = (x: number, y: number) => warmth(png, 256 * x, 256 * y, 256, 256);
  t.true((await quarter(0, 1)) > 30);
  for (const [x, y] of [
    [0, 0],
    [1, 0],
    [1, 1],
  ])
    t.true(Math.abs(await quarter(x, y)) < 10);
});

testWith(
  'ffmpeg',
  'the map of a clip is hot in the frame and macroblock where the bits are',
  async (t) => {
    const folder = await temporaryFolder(t);
    const [clip] = await makeClips(folder, 1, '64x48');
    const settings = avcSettingsSchema.parse({ width: 64, height: 48, frames: 15, fps: 3 });
    const { surprise, encoder } = await avc.open(settings);
    const codec = await encoder();
    const { symbols: bytes } = await codec.encode(await readFile(clip), clip);
    const { frames } = parseAvcDocument(bytes as Uint8Array);
    const bits = new Float64Array(bytes.length);
    // The last byte of the seventh frame is its last slice's.
    bits[frames[6].end - 1] = 5;
    const png = await surprise(bytes, bits);
    const { width = 0, height = 0 } = await sharp(png).metadata();
    // Five frames per row, all enlarged by the same factor, with gaps of 2.
    const [stepX, stepY] = [(width - 2) / 5, (height - 2) / 3];
    const [wide, high] = [Math.floor((stepX - 2) / 4), Math.floor((stepY - 2) / 3)];
    const heats: number[] = [];
    for (let frame = 0; frame < 15; frame++) {
      const [left, top] = [2 + (frame % 5) * stepX, 2 + Math.floor(frame / 5) * stepY];
      heats.push(await warmth(png, left + 3 * wide, top + 2 * high, wide, high));
    }
    t.is(heats.indexOf(Math.max(...heats)), 6);
    t.true(heats[6] > 30 + Math.max(...heats.filter((_, i) => i !== 6)), String(heats));
  },
);
