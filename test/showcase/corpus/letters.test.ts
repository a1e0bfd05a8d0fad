import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { CodecLmError } from '../../../base/error.ts';
import { sharp } from '../../../base/sharp.ts';
import { fontModules } from '../../../demo/letters.ts';
import { openFont, RASTER, rasterOf } from '../../../showcase/corpus/glyph.ts';
import { listStyles } from '../../../showcase/corpus/styles.ts';
import { CHARACTERS, SIDE, writeLetters } from '../../../showcase/corpus/write.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';

const modules = fontModules();
const styles = await listStyles(modules, ['poppins']);

test('styles are the upright ones from 400 on, lightest first', (t) => {
  t.deepEqual(
    styles.map(({ weight }) => weight),
    [400, 500, 600, 700, 800, 900],
  );
});

test('a letter stands in the middle: an I is one stroke, with free rows above and below', async (t) => {
  const font = await openFont(styles[3].path);
  const raster = (await rasterOf(font, 'I'))!;
  const rows = Array.from({ length: RASTER }, (_, y) =>
    [...raster.subarray(y * RASTER, (y + 1) * RASTER)].join(''),
  );
  // One stroke, the same in every row between the free rows above and below.
  t.is(rows[0], '0'.repeat(RASTER));
  t.is(rows[RASTER - 1], '0'.repeat(RASTER));
  t.is(new Set(rows.slice(1, -1)).size, 1);
  t.regex(rows[8], /^0{5,7}1+0{5,7}$/);
  t.is(await rasterOf(font, '\u{1F600}'), undefined);
});

test('pictures are the same each time, two colours of blocks of 8x8, and as many pictures as asked for', async (t) => {
  const [first, second] = [await temporaryFolder(t), await temporaryFolder(t)];
  t.is(await writeLetters(first, styles.slice(0, 1), 2), 2 * CHARACTERS.length);
  await writeLetters(second, styles.slice(0, 1), 2);
  const names = await readdir(first);
  t.is(names.length, 2 * CHARACTERS.length);
  for (const name of names) {
    t.deepEqual(await readFile(join(first, name)), await readFile(join(second, name)));
  }
  const { data, info } = await sharp(join(first, names[0]))
    .raw()
    .toBuffer({ resolveWithObject: true });
  t.like(info, { width: SIDE, height: SIDE, channels: 3 });
  const colourAt = (x: number, y: number) => data.readUIntBE(3 * (y * SIDE + x), 3);
  const colours = new Set<number>();
  for (let y = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++) {
      colours.add(colourAt(x, y));
      if (colourAt(x, y) !== colourAt(x & ~7, y & ~7))
        t.fail(`the block at ${x}, ${y} is not flat`);
    }
  }
  t.is(colours.size, 2);
});

test('a font that is missing, or under another licence, is refused by name', async (t) => {
  const missing = await t.throwsAsync(listStyles(modules, ['not-a-font']), {
    instanceOf: CodecLmError,
  });
  t.is(missing?.code, 'INPUT_NOT_FOUND');
  const folder = await temporaryFolder(t);
  await mkdir(join(folder, '@fontsource', 'shop'), { recursive: true });
  await writeFile(
    join(folder, '@fontsource', 'shop', 'package.json'),
    '{"license": "UNLICENSED", "version": "1.0.0"}',
  );
  const refused = await t.throwsAsync(listStyles(folder, ['shop']), { instanceOf: CodecLmError });
  t.is(refused?.code, 'CONFIG_INVALID');
  t.regex(refused!.message, /shop 1\.0\.0 is UNLICENSED/);
});
