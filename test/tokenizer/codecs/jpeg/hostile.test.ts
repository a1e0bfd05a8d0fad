/** Files that are damaged, mean, or no images: one typed error each that names the file. */
import test from 'ava';
import type { ErrorCode } from '../../../../base/error.ts';
import { createJpegCodec } from '../../../../tokenizer/codecs/jpeg/encode.ts';
import { blackPng, makePng, openRaster, withFrameSize } from '../../../helpers/images.ts';
import { makeRaster } from '../../../helpers/rasters.ts';

const image = () => openRaster(makeRaster('texture', 200, 150, 4));
const codec = createJpegCodec();
const baseline = await image().jpeg({ optimiseCoding: false }).toBuffer();

async function refused(
  t: { throwsAsync: (work: Promise<unknown>, expectation: object) => Promise<unknown> },
  file: Uint8Array,
  code: ErrorCode | readonly ErrorCode[],
  settings: Parameters<typeof createJpegCodec>[0] = {},
) {
  const expected = typeof code === 'string' ? { code } : {};
  await t.throwsAsync(createJpegCodec(settings).encode(file, 'mean/file.jpg'), {
    ...expected,
    name: 'CodecLmError',
    message: /^mean\/file\.jpg /,
  });
}

test('a file of zero bytes', async (t) => {
  await refused(t, new Uint8Array(0), 'IMAGE_EMPTY');
});

test('text, HTML, zeros and PDF with the extension of an image', async (t) => {
  for (const content of [
    'hello, world',
    '<html><body>404</body></html>',
    '%PDF-1.4\n',
    '{"a":1}',
  ]) {
    await refused(t, Buffer.from(content), 'IMAGE_UNSUPPORTED');
  }
  await refused(t, Buffer.alloc(5000), 'IMAGE_UNSUPPORTED');
});

test('an image under the extension of another format is read by its content', async (t) => {
  const { symbols: bytes } = await codec.encode(await image().png().toBuffer(), 'really-a-png.jpg');
  t.true(bytes.length > 0);
});

test('a truncated file of each format is refused, never filled with grey', async (t) => {
  const files = {
    baseline,
    progressive: await image().jpeg({ progressive: true }).toBuffer(),
    png: await image().png().toBuffer(),
    webp: await image().webp().toBuffer(),
    gif: await image().gif().toBuffer(),
    avif: await image().avif({ effort: 0 }).toBuffer(),
  };
  for (const file of Object.values(files)) {
    for (const share of [0.1, 0.5, 0.9]) {
      const cut = file.subarray(0, Math.floor(file.length * share));
      await refused(t, cut, 'IMAGE_CORRUPT');
      await refused(t, cut, 'IMAGE_CORRUPT', { failOn: 'truncated' });
    }
  }
  const tiff = await image().tiff({ compression: 'lzw' }).toBuffer();
  await refused(t, tiff.subarray(0, tiff.length >> 1), ['IMAGE_CORRUPT', 'IMAGE_UNSUPPORTED']);
  await refused(t, baseline.subarray(0, 3), 'IMAGE_CORRUPT');
  await refused(t, baseline.subarray(0, baseline.length - 2), 'IMAGE_CORRUPT');
});

test('damage inside a JPEG is refused by default and let through when asked', async (t) => {
  const damaged = Buffer.from(baseline);
  // A marker in the middle of the scan: the decoder warns, and fills the rest.
  damaged[damaged.length >> 1] = 0xff;
  damaged[(damaged.length >> 1) + 1] = 0xd5;
  await refused(t, damaged, 'IMAGE_CORRUPT');
  const lenient = createJpegCodec({ failOn: 'truncated' });
  t.is((await lenient.encode(damaged, 'damaged.jpg')).width, 256);
});

test.serial('decompression bombs are refused before a pixel is decoded', async (t) => {
  const before = process.memoryUsage().rss;
  const bomb = { width: 20_000, height: 20_000, bits: 1, colourType: 0 };
  await refused(t, makePng(bomb, Buffer.alloc(1000)), 'IMAGE_TOO_LARGE');
  await refused(t, blackPng(101, 100), 'IMAGE_TOO_LARGE', { maxPixels: 10_000 });
  await refused(t, withFrameSize(baseline, 60_000, 60_000), 'IMAGE_TOO_LARGE');
  const liar = { width: 2 ** 31 - 1, height: 2 ** 31 - 1, bits: 8, colourType: 2 };
  await refused(t, makePng(liar, Buffer.alloc(10)), ['IMAGE_CORRUPT', 'IMAGE_TOO_LARGE']);
  const grownBy = (process.memoryUsage().rss - before) / 2 ** 20;
  t.true(grownBy < 100, `memory grew by ${grownBy.toFixed(0)} MiB`);
});

test('the limit of pixels is exact', async (t) => {
  const exact = createJpegCodec({ width: 16, height: 16, maxPixels: 10_000 });
  t.is((await exact.encode(blackPng(100, 100), 'exact.png')).width, 16);
});

test('sides of 65,535 pixels: too large for a JPEG reader, and fine in a PNG', async (t) => {
  for (const [width, height] of [
    [65_535, 65_535],
    [65_535, 1],
    [1, 65_535],
  ]) {
    await refused(t, withFrameSize(baseline, width, height), 'IMAGE_TOO_LARGE');
  }
  for (const [width, height] of [
    [65_535, 1],
    [1, 65_535],
    [65_535, 100],
  ]) {
    t.is((await codec.encode(blackPng(width, height), 'strip.png')).width, 256);
  }
});

test('a JPEG frame that says more than its data holds', async (t) => {
  await refused(t, withFrameSize(baseline, 2000, 2000), 'IMAGE_CORRUPT');
  await refused(t, withFrameSize(baseline, 0, 100), 'IMAGE_CORRUPT');
});

test('the time limit ends a decoding that takes too long', async (t) => {
  // 1.6 billion pixels in 200 kB: several seconds of reading, row by row.
  const slow = blackPng(40_000, 40_000);
  const started = Date.now();
  await refused(t, slow, 'IMAGE_TIMEOUT', { timeoutSeconds: 1, maxPixels: 2e9 });
  t.true(Date.now() - started < 30_000);
});

const svg = (body: string) =>
  `<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" width="40" height="40">${body}</svg>`;

test('SVG is refused before its renderer sees it, whatever its encoding', async (t) => {
  const bomb = svg(
    '<filter id="f"><feTurbulence numOctaves="99"/></filter><rect filter="url(#f)"/>',
  );
  await refused(t, Buffer.from(bomb), 'IMAGE_UNSUPPORTED');
  await refused(t, Buffer.from(bomb, 'utf16le'), 'IMAGE_UNSUPPORTED');
  await refused(t, Buffer.from([0x1f, 0x8b, 8, 0]), 'IMAGE_UNSUPPORTED');
});

test('SVG is drawn when asked', async (t) => {
  const drawn = createJpegCodec({ width: 40, height: 40, svg: 'render' });
  const square = svg('<rect width="40" height="40" fill="#ff0000"/>');
  const { symbols: bytes } = await drawn.encode(Buffer.from(square), 'square.svg');
  const red = Buffer.alloc(40 * 40 * 3, Buffer.from([255, 0, 0]));
  const png = await openRaster({ name: 'red', width: 40, height: 40, pixels: red })
    .png()
    .toBuffer();
  t.deepEqual(bytes, (await drawn.encode(png, 'red.png')).symbols);
});
