/** Byte for byte what Pillow writes; bench/jpeg/golden.ts made the expectations. */
import { readFileSync } from 'node:fs';
import test from 'ava';
import { sharp } from '../../../../base/sharp.ts';
import { createJpegCodec, encodeRaster } from '../../../../tokenizer/codecs/jpeg/encode.ts';
import {
  EXPECTED_FILE,
  type GoldenCase,
  type GoldenExpectation,
  largestCase,
  photographCases,
  STORED_IN_FULL,
  sha256,
  storedFile,
  syntheticCases,
} from '../../../helpers/jpeg-golden.ts';

const expectations: GoldenExpectation[] = JSON.parse(readFileSync(EXPECTED_FILE, 'utf8'));
const keyOf = (name: string, quality: number) => `${name}@${quality}`;
const expected = new Map(expectations.map((e) => [keyOf(e.name, e.quality), e]));

/** Names of the cases whose bytes are not Pillow's. */
async function differing(
  cases: GoldenCase[],
  encode: (given: GoldenCase) => Promise<Uint8Array>,
): Promise<string[]> {
  const wrong: string[] = [];
  for (const given of cases) {
    const key = keyOf(given.raster.name, given.quality);
    const want = expected.get(key);
    if (sha256(given.raster.pixels) !== want?.pixels) wrong.push(`${key}: other pixels`);
    else if (sha256(await encode(given)) !== want.sha256) wrong.push(`${key}: other bytes`);
  }
  return wrong;
}

const direct = ({ raster, quality }: GoldenCase) =>
  encodeRaster(raster.pixels, raster.width, raster.height, quality);

test('over 200 photographs of 256x256, as PNG files, become the bytes of Pillow', async (t) => {
  const codec = createJpegCodec();
  const cases = await photographCases();
  t.true(cases.length > 200);
  const throughPng = async ({ raster }: GoldenCase) => {
    const { pixels, width, height } = raster;
    const png = await sharp(pixels, { raw: { width, height, channels: 3 } })
      .png({ compressionLevel: 1 })
      .toBuffer();
    return (await codec.encode(png, raster.name)).symbols;
  };
  t.deepEqual(await differing(cases, throughPng), []);
});

test('sizes from 1x1 to 65,500 and every quality from 1 to 100 are the bytes of Pillow', async (t) => {
  t.deepEqual(await differing(syntheticCases(), direct), []);
});

test('4096x4096 pixels are the bytes of Pillow', async (t) => {
  t.deepEqual(await differing([largestCase()], direct), []);
});

test('the files stored in full are equal byte by byte', async (t) => {
  const stored = syntheticCases().filter(({ raster }) => STORED_IN_FULL.includes(raster.name));
  t.is(new Set(stored.map(({ raster }) => raster.name)).size, STORED_IN_FULL.length);
  for (const given of stored) {
    const want = readFileSync(storedFile(given.raster.name, given.quality));
    t.deepEqual(Buffer.from(await direct(given)), want, given.raster.name);
  }
});
