/** HEIC photographs where libheif-js is installed. photo.heic was made by pillow-heif. */
import test from 'ava';
import { createJpegCodec } from '../../../../../tokenizer/codecs/jpeg/encode.ts';
import { jpegSettingsSchema } from '../../../../../tokenizer/codecs/jpeg/settings.ts';
import { rgbOf } from '../../../../../tokenizer/codecs/pictures/source/baseline.ts';
import { needsLibheif } from '../../../../../tokenizer/codecs/pictures/source/heic.ts';
import { goldenFile } from '../../../../helpers/image-golden.ts';
import { psnr } from '../../../../helpers/images.ts';
import { testIf } from '../../../../helpers/tools.ts';

const photo = goldenFile('photo.heic');
const heic = (title: string, body: Parameters<typeof testIf>[3]) =>
  testIf(needsLibheif(photo), 'the optional package libheif-js is not installed', title, body);
const size = { width: 96, height: 64 };

heic('a HEIC photograph has the pixels that were encoded', async (t) => {
  const pixels = await rgbOf(photo, 'photo.heic', jpegSettingsSchema.parse(size));
  // Each of 24x16 colours fills 4x4 pixels.
  const wanted = new Uint8Array(96 * 64 * 3);
  for (let y = 0, at = 0; y < 64; y++) {
    for (let x = 0; x < 96; x++) {
      const [column, row] = [x >> 2, y >> 2];
      wanted[at++] = column * 10 + 3;
      wanted[at++] = row * 15 + 7;
      wanted[at++] = (column * row * 3) % 256;
    }
  }
  t.true(psnr(pixels, wanted) > 22, `${psnr(pixels, wanted).toFixed(1)} dB`);
});

heic('it becomes a document, and a damaged one or one too large does not', async (t) => {
  const codec = createJpegCodec(size);
  t.is((await codec.encode(photo, 'photo.heic')).width, 96);
  const cut = photo.subarray(0, photo.length >> 1);
  await t.throwsAsync(codec.encode(cut, 'cut.heic'), {
    code: 'IMAGE_CORRUPT',
    message: /^cut\.heic is damaged: libheif/,
  });
  const small = createJpegCodec({ ...size, maxPixels: 96 * 64 - 1 });
  await t.throwsAsync(small.encode(photo, 'large.heic'), {
    code: 'IMAGE_TOO_LARGE',
    message: /large\.heic .*96x64/,
  });
});

test('other files of the same container are left to libvips', (t) => {
  t.false(needsLibheif(Buffer.from('\0\0\0\x18ftypisom\0\0\0\0isommp41hvcC', 'latin1')));
  t.false(needsLibheif(Buffer.from('\0\0\0\x18ftypavif\0\0\0\0avifmif1av1C', 'latin1')));
  t.false(needsLibheif(new Uint8Array(3)));
});
