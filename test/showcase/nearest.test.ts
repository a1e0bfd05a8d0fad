import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { sharp } from '../../base/sharp.ts';
import { fontModules } from '../../demo/letters.ts';
import { listStyles } from '../../showcase/corpus/styles.ts';
import { CHARACTERS, writeLetters } from '../../showcase/corpus/write.ts';
import { distancesTo, readLearned } from '../../showcase/nearest.ts';
import { temporaryFolder } from '../helpers/temporary.ts';

test('a letter is as far from itself as 0 in any colour, and a changed pixel is one', async (t) => {
  const [learned, changed] = [await temporaryFolder(t), await temporaryFolder(t)];
  const [style] = await listStyles(fontModules(), ['poppins']);
  await writeLetters(learned, [style], 2);
  const letters = await readLearned(learned);
  // Both colours of a letter are one; some letters look alike, such as I and l.
  t.true(letters.length <= CHARACTERS.length && letters.length > 0.8 * CHARACTERS.length);
  const own = await distancesTo(learned, letters);
  t.is(own.copies, 2 * CHARACTERS.length);

  const name = (await readdir(learned)).find((each) => each.includes(`-${'I'.charCodeAt(0)}-`))!;
  const path = join(learned, name);
  const pixels = await sharp(path).removeAlpha().raw().toBuffer();
  const [r, g, b] = pixels;
  const paper = { width: 8, height: 8, channels: 3 as const, background: { r, g, b } };
  // A hole in the middle of the stroke.
  const input = await sharp({ create: paper }).png().toBuffer();
  await sharp(path)
    .composite([{ input, left: 64, top: 64 }])
    .toFile(join(changed, 'one.png'));
  t.deepEqual((await distancesTo(changed, letters)).pixels, [1]);
});
