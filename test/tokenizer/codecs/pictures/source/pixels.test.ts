/** The pixels of every kind of file beside Pillow's: transparency, palettes, bitmaps, backgrounds. */
import { createHash } from 'node:crypto';
import test from 'ava';
import { jpegSettingsSchema } from '../../../../../tokenizer/codecs/jpeg/settings.ts';
import { rgbOf } from '../../../../../tokenizer/codecs/pictures/source/baseline.ts';
import { golden, goldenFile } from '../../../../helpers/image-golden.ts';

/** Pillow divides by alpha after it has dropped the lower 8 bits, and rounds otherwise. */
const NEARLY = new Set(['rgb-assocalpha.tif']);

async function pixelsOf(name: string, settings: object = {}): Promise<Uint8Array> {
  const { width, height } = golden.images[name];
  return rgbOf(goldenFile(name), name, jpegSettingsSchema.parse({ width, height, ...settings }));
}

for (const [name, { mode, rgb, over }] of Object.entries(golden.images)) {
  if (!NEARLY.has(name)) {
    test(`${name} (${mode}) has the pixels of Pillow's convert('RGB')`, async (t) => {
      const digest = createHash('sha256')
        .update(await pixelsOf(name))
        .digest('hex');
      t.is(digest, rgb);
    });
  }
  if (over === undefined) continue;
  test(`${name} (${mode}) lies over the background that was asked for`, async (t) => {
    for (const [background, wanted] of Object.entries(over)) {
      const pixels = await pixelsOf(name, { background });
      const theirs = Buffer.from(wanted, 'base64');
      t.is(pixels.length, theirs.length);
      // libvips cuts off where Pillow rounds; of 16 bits it keeps all until after.
      const off = pixels.map((value, i) => Math.abs(value - theirs[i]));
      t.true(Math.max(...off) <= 2, `${background}: by up to ${Math.max(...off)}`);
    }
  });
}

test('a background has any form that a colour may have', async (t) => {
  const [hex, short, name] = await Promise.all(
    ['#ff0000', '#f00', 'red'].map((background) => pixelsOf('la.png', { background })),
  );
  t.deepEqual([...hex.subarray(0, 3)], [255, 0, 0], 'a transparent corner');
  t.deepEqual(short, hex);
  t.deepEqual(name, hex);
});

test('a background is there after resizing, too', async (t) => {
  const small = await pixelsOf('la16.png', { background: '#0000ff', width: 12, height: 8 });
  t.deepEqual([...small.subarray(0, 3)], [0, 0, 255]);
  const large = await pixelsOf('la16.png', { background: '#0000ff', width: 48, height: 32 });
  t.deepEqual([...large.subarray(0, 3)], [0, 0, 255]);
});
