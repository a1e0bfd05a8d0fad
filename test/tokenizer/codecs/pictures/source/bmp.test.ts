/** Bitmaps that are damaged or mean. What good ones look like is in pixels.test.ts. */
import test from 'ava';
import { isBmp, readBmp } from '../../../../../tokenizer/codecs/pictures/source/bmp.ts';
import { golden, goldenFile } from '../../../../helpers/image-golden.ts';

const NAMES = Object.keys(golden.images).filter((name) => name.endsWith('.bmp'));
const LIMIT = 1e6;

test('one that is cut off anywhere is damaged, or whole', (t) => {
  t.true(NAMES.length >= 8);
  for (const name of NAMES) {
    const file = goldenFile(name);
    const whole = readBmp(file, name, LIMIT);
    for (let length = 15; length < file.length; length += 7) {
      const cut = file.subarray(0, length);
      try {
        // The last bytes may only fill a row, or end runs whose rows are full.
        t.deepEqual(readBmp(cut, name, LIMIT).data, whole.data, `${name} at ${length}`);
      } catch (error) {
        t.is((error as { code: string }).code, 'IMAGE_CORRUPT', `${name} at ${length}`);
      }
    }
  }
});

test('any change of a header ends in pixels or an error of ours', (t) => {
  for (const name of NAMES) {
    const file = goldenFile(name);
    for (let at = 10; at < 70; at++) {
      for (const value of [0, 1, 4, 32, 127, 255]) {
        const changed = Buffer.from(file);
        changed[at] = value;
        if (!isBmp(changed)) continue;
        try {
          const { data, width, height, channels } = readBmp(changed, name, LIMIT);
          t.is(data.length, width * height * channels);
        } catch (error) {
          t.regex(
            (error as { code?: string }).code ?? String(error),
            /^IMAGE_/,
            `${name} at ${at}`,
          );
        }
      }
    }
  }
});

test('one that claims more pixels than the limit is refused before memory is taken', (t) => {
  const file = Buffer.from(goldenFile('runs8.bmp'));
  file.writeInt32LE(60_000, 18);
  file.writeInt32LE(-60_000, 22);
  const error = t.throws(() => readBmp(file, 'bomb.bmp', LIMIT), { code: 'IMAGE_TOO_LARGE' });
  t.regex(error?.message ?? '', /^bomb\.bmp .*60000x60000/);
});

test('a kind that is not read says which', (t) => {
  const file = Buffer.from(goldenFile('rgb.bmp'));
  file.writeUInt32LE(4, 30);
  t.throws(() => readBmp(file, 'jpeg-inside.bmp', LIMIT), {
    code: 'IMAGE_UNSUPPORTED',
    message: /24 bits with compression 4/,
  });
});
