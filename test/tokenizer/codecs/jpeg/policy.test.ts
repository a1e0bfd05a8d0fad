/** The result for each kind of source: orientation, colour, transparency, depth, frames, crop. */
import test, { type ExecutionContext } from 'ava';
import { sharp } from '../../../../base/sharp.ts';
import { createJpegCodec, encodeRaster } from '../../../../tokenizer/codecs/jpeg/encode.ts';
import { toJpegFile } from '../../../../tokenizer/codecs/jpeg/view.ts';
import { makePng, openRaster, psnr } from '../../../helpers/images.ts';
import { makeRaster, type Raster } from '../../../helpers/rasters.ts';

const SIDE = 64;
const raster = makeRaster('smooth', SIDE, SIDE, 5);
const small = { width: SIDE, height: SIDE } as const;
const codec = createJpegCodec(small);

type Settings = Parameters<typeof createJpegCodec>[0];

/** The file gives exactly the document of these pixels. */
async function gives(t: ExecutionContext, file: Uint8Array, wanted: Raster, settings?: Settings) {
  const { symbols: bytes } = await createJpegCodec({ ...small, ...settings }).encode(file, t.title);
  t.deepEqual(bytes, await encodeRaster(wanted.pixels, wanted.width, wanted.height));
}

/** A raster of the same size whose sample is `f(r, g, b)` of the first one's. */
function mapped(from: Raster, f: (rgb: Uint8Array) => ArrayLike<number>): Raster {
  const pixels = from.pixels.slice();
  for (let i = 0; i < pixels.length; i += 3) pixels.set(f(from.pixels.subarray(i, i + 3)), i);
  return { ...from, pixels };
}

/** sharp's turns that undo each EXIF orientation: what a camera held that way would store. */
const STORED_AS: Record<number, (image: ReturnType<typeof sharp>) => ReturnType<typeof sharp>> = {
  1: (image) => image,
  2: (image) => image.flop(),
  3: (image) => image.rotate(180),
  4: (image) => image.flip(),
  5: (image) => image.flop().rotate(270),
  6: (image) => image.rotate(270),
  7: (image) => image.flop().rotate(90),
  8: (image) => image.rotate(90),
};

for (const [orientation, store] of Object.entries(STORED_AS)) {
  test(`EXIF orientation ${orientation} is applied, and ignored when asked`, async (t) => {
    const png = await store(openRaster(raster)).png().toBuffer();
    const tagged = await sharp(png)
      .withMetadata({ orientation: Number(orientation) })
      .toBuffer();
    await gives(t, tagged, raster);
    await gives(
      t,
      tagged,
      { ...raster, pixels: await sharp(png).raw().toBuffer() },
      {
        orientation: 'ignore',
      },
    );
  });
}

test('a wide image that is stored on its side is cropped as it is seen', async (t) => {
  const wide = makeRaster('smooth', 101, SIDE, 6);
  const middle = await openRaster(wide)
    .extract({ left: 18, top: 0, width: SIDE, height: SIDE })
    .raw()
    .toBuffer();
  for (const [orientation, store] of Object.entries(STORED_AS)) {
    const png = await store(openRaster(wide)).png().toBuffer();
    const tagged = await sharp(png)
      .withMetadata({ orientation: Number(orientation) })
      .toBuffer();
    await gives(t, tagged, { ...raster, pixels: middle });
  }
});

test('the middle is cut to the aspect of the target, tall or wide', async (t) => {
  const image = makeRaster('texture', 90, 70, 2);
  const settings = { width: 90, height: 30 };
  const pixels = await openRaster(image)
    .extract({ left: 0, top: 20, width: 90, height: 30 })
    .raw()
    .toBuffer();
  await gives(
    t,
    await openRaster(image).png().toBuffer(),
    { name: '', ...settings, pixels },
    settings,
  );
});

test('an ICC profile is ignored by default and followed with icc: srgb', async (t) => {
  const tagged = await openRaster(raster).png().withIccProfile('p3', { attach: true }).toBuffer();
  const stored = await sharp(tagged, { ignoreIcc: true }).raw().toBuffer();
  await gives(t, tagged, { ...raster, pixels: stored });
  t.true(psnr(stored, raster.pixels) < 45, 'the stored values are not sRGB');
  const converted = await createJpegCodec({ ...small, icc: 'srgb' }).encode(tagged, 'p3.png');
  const plain = await encodeRaster(raster.pixels, SIDE, SIDE);
  const decoded = async (bytes: Uint8Array) => sharp(toJpegFile(bytes, 25)).raw().toBuffer();
  t.true(psnr(await decoded(converted.symbols), await decoded(plain)) > 38);
});

const alphaRaster = async () => {
  const alpha = makeRaster('gradient', SIDE, SIDE, 3).pixels.filter((_, i) => i % 3 === 0);
  const channel = { raw: { width: SIDE, height: SIDE, channels: 1 as const } };
  return { alpha, image: openRaster(raster).joinChannel(Buffer.from(alpha), channel) };
};

test('transparency is dropped, also when the image is resized', async (t) => {
  const { image } = await alphaRaster();
  const png = await image.png().toBuffer();
  await gives(t, png, raster);
  const half = { width: 32, height: 32 };
  const opaque = await openRaster(raster).png().toBuffer();
  const resized = await createJpegCodec(half).encode(png, 'alpha.png');
  t.deepEqual(resized.symbols, (await createJpegCodec(half).encode(opaque, 'opaque.png')).symbols);
});

test('a background is laid under transparent images', async (t) => {
  const size = { raw: { width: SIDE, height: SIDE, channels: 4 as const } };
  const clear = await sharp(Buffer.alloc(SIDE * SIDE * 4), size)
    .png()
    .toBuffer();
  await gives(
    t,
    clear,
    mapped(raster, () => [255, 128, 0]),
    { background: '#ff8000' },
  );
  await gives(
    t,
    clear,
    mapped(raster, () => [0, 0, 0]),
  );
});

test('greyscale is RGB with three equal channels', async (t) => {
  const grey = mapped(raster, ([red]) => [red, red, red]);
  const one = Buffer.from(raster.pixels.filter((_, i) => i % 3 === 0));
  const image = sharp(one, { raw: { width: SIDE, height: SIDE, channels: 1 } });
  await gives(t, await image.clone().toColourspace('b-w').png().toBuffer(), grey);
  await gives(
    t,
    await image.clone().toColourspace('b-w').webp({ lossless: true }).toBuffer(),
    grey,
  );
});

test('the upper 8 bits of 16-bit samples are kept', async (t) => {
  const scanlines: number[] = [];
  for (let y = 0; y < SIDE; y++) {
    scanlines.push(0);
    for (const value of raster.pixels.subarray(y * SIDE * 3, (y + 1) * SIDE * 3)) {
      scanlines.push(value, 0x7f);
    }
  }
  const header = { ...small, bits: 16, colourType: 2 };
  await gives(t, makePng(header, Uint8Array.from(scanlines)), raster);
});

test('a palette gives its colours', async (t) => {
  const few = mapped(raster, (rgb) => rgb.map((value) => value & 0xc0));
  const png = await openRaster(few).png({ palette: true, dither: 0, effort: 10 }).toBuffer();
  const stored = await sharp(png).raw().toBuffer();
  await gives(t, png, { ...few, pixels: stored });
});

test('of an animation the first frame is taken', async (t) => {
  const other = makeRaster('checker', SIDE, SIDE, 1);
  const both = Buffer.concat([raster.pixels, other.pixels]);
  const strip = { width: SIDE, height: SIDE * 2, channels: 3 as const, pageHeight: SIDE };
  const frames = () => sharp(both, { raw: strip });
  const webp = await frames().webp({ lossless: true }).toBuffer();
  t.is((await sharp(webp).metadata()).pages, 2);
  await gives(t, webp, raster);
  const gif = await frames().gif().toBuffer();
  await gives(t, gif, { ...raster, pixels: await sharp(gif).removeAlpha().raw().toBuffer() });
});

test('CMYK becomes RGB of nearly the same colours', async (t) => {
  for (const format of ['jpeg', 'tiff'] as const) {
    const cmyk = await openRaster(raster)
      .toColourspace('cmyk')
      .toFormat(format, { quality: 100 })
      .toBuffer();
    t.is((await sharp(cmyk).metadata()).space, 'cmyk');
    const { symbols: bytes } = await codec.encode(cmyk, 'cmyk');
    const seen = await sharp(toJpegFile(bytes, 25)).raw().toBuffer();
    t.true(psnr(seen, raster.pixels) > 18, 'colours outside of the press are lost');
  }
});

test('every format that sharp reads and holds pixels exactly gives the same document', async (t) => {
  const image = () => openRaster(raster);
  await gives(t, await image().tiff({ compression: 'lzw' }).toBuffer(), raster);
  await gives(t, await image().tiff({ compression: 'none' }).toBuffer(), raster);
  await gives(t, await image().webp({ lossless: true }).toBuffer(), raster);
  await gives(t, await image().png({ progressive: true }).toBuffer(), raster);
  const avif = await image().avif({ lossless: true, effort: 0 }).toBuffer();
  await gives(t, avif, { ...raster, pixels: await sharp(avif).removeAlpha().raw().toBuffer() });
});

test('floating-point samples are refused: their range is not known', async (t) => {
  const tiff = floatTiff(SIDE, SIDE, Buffer.alloc(SIDE * SIDE * 4));
  await t.throwsAsync(codec.encode(tiff, 'depth.tif'), {
    code: 'IMAGE_UNSUPPORTED',
    message: /depth\.tif has samples of type float/,
  });
});

/** The smallest TIFF of one 32-bit float channel: TIFF 6.0 sections 2 and 19. */
function floatTiff(width: number, height: number, samples: Uint8Array): Buffer {
  const entries = [
    [256, width],
    [257, height],
    [258, 32],
    [259, 1],
    [262, 1],
    [273, 8],
    [277, 1],
    [278, height],
    [279, samples.length],
    [339, 3],
  ];
  const directory = Buffer.alloc(2 + entries.length * 12 + 4);
  directory.writeUInt16LE(entries.length, 0);
  entries.forEach(([tag, value], i) => {
    directory.writeUInt16LE(tag, 2 + i * 12);
    // SampleFormat is a SHORT, the others may be LONG.
    directory.writeUInt16LE(tag === 339 ? 3 : 4, 4 + i * 12);
    directory.writeUInt32LE(1, 6 + i * 12);
    directory.writeUInt32LE(value, 10 + i * 12);
  });
  const header = Buffer.from([0x49, 0x49, 42, 0, 0, 0, 0, 0]);
  header.writeUInt32LE(8 + samples.length, 4);
  return Buffer.concat([header, samples, directory]);
}

test('settings out of range name the setting', (t) => {
  for (const [settings, name] of [
    [{ quality: 0 }, 'quality'],
    [{ width: 65_501 }, 'width'],
    [{ background: 'not a colour' }, 'background'],
  ] as const) {
    t.throws(() => createJpegCodec(settings), {
      code: 'CONFIG_INVALID',
      message: new RegExp(name),
    });
  }
});
