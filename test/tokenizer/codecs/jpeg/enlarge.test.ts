/** Images smaller than the target: enlarged as Pillow does, or refused. */
import test from 'ava';
import { resize } from '../../../../base/resize.ts';
import { sharp } from '../../../../base/sharp.ts';
import { createJpegCodec, encodeRaster } from '../../../../tokenizer/codecs/jpeg/encode.ts';
import { openRaster } from '../../../helpers/images.ts';
import { makeRaster } from '../../../helpers/rasters.ts';

const raster = makeRaster('texture', 50, 40, 7);
const target = { width: 96, height: 96 };

/** The middle 40x40, which begins at the fifth column. */
const middle = await openRaster(raster)
  .extract({ left: 5, top: 0, width: 40, height: 40 })
  .raw()
  .toBuffer();
const pixels = resize(middle, { width: 40, height: 40, channels: 3 }, target, 'bilinear');
const wanted = await encodeRaster(pixels, target.width, target.height);
const png = await openRaster(raster).png().toBuffer();

test('an enlarged image is the crop, resized as Pillow does', async (t) => {
  const { symbols: bytes } = await createJpegCodec(target).encode(png, 'small.png');
  t.deepEqual(bytes, wanted);
});

test('it is turned before it is resized', async (t) => {
  const stored = await openRaster(raster).rotate(270).png().toBuffer();
  const tagged = await sharp(stored).withMetadata({ orientation: 6 }).toBuffer();
  const { symbols: bytes } = await createJpegCodec(target).encode(tagged, 'turned.png');
  t.deepEqual(bytes, wanted);
});

test('transparency is dropped from it, or has a background', async (t) => {
  const clear = await openRaster(raster).ensureAlpha(0).png().toBuffer();
  t.deepEqual((await createJpegCodec(target).encode(clear, 'clear.png')).symbols, wanted);
  const { symbols: bytes } = await createJpegCodec({ ...target, background: '#123456' }).encode(
    clear,
    'c',
  );
  const flat = Buffer.alloc(target.width * target.height * 3, Buffer.from('123456', 'hex'));
  t.deepEqual(bytes, await encodeRaster(flat, target.width, target.height));
});

test('with enlarge: refuse a small image fails with its sizes, a larger one does not', async (t) => {
  const strict = createJpegCodec({ ...target, enlarge: 'refuse' });
  await t.throwsAsync(strict.encode(png, 'small.png'), {
    code: 'IMAGE_TOO_SMALL',
    message:
      'small.png is too small: of 50x40 pixels its crop has 40x40, fewer than the 96x96 wanted',
  });
  const exact = createJpegCodec({ width: 40, height: 40, enlarge: 'refuse' });
  t.is((await exact.encode(png, 'exact.png')).width, 40);
});

test('enlarging is recorded only where it is refused: older datasets lack the setting', (t) => {
  t.false('enlarge' in createJpegCodec(target).settings);
  t.is(createJpegCodec({ ...target, enlarge: 'refuse' }).settings.enlarge, 'refuse');
});
