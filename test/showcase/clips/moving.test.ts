/** Clips of the corpus: the same ones again, and the letter whole in every frame. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { sharp } from '../../../base/sharp.ts';
import { writeMovingLetters } from '../../../showcase/clips/moving.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';

/** A header line, and 16 frames of 32x32 luma and two planes of 16x16. */
const HEADER = 'YUV4MPEG2 W32 H32 F3:1 Ip A1:1 C420jpeg\n';
const FRAME = 6 + 32 * 32 * 1.5;

test('a letter moves, is never cut, and the same seed gives the same clips', async (t) => {
  const folder = await temporaryFolder(t);
  // 8 black pixels of 16x16 on white, as blocks of 8x8.
  const pixels = new Uint8Array(128 * 128 * 3).fill(255);
  for (let y = 0; y < 8; y++) pixels.fill(0, 3 * (128 * (40 + y) + 32), 3 * (128 * (40 + y) + 96));
  await sharp(pixels, { raw: { width: 128, height: 128, channels: 3 } })
    .png()
    .toFile(join(folder, 'a.png'));
  const clips = await writeMovingLetters(folder, join(folder, 'one'), 3, 5);
  const again = await writeMovingLetters(folder, join(folder, 'two'), 3, 5);
  for (const [i, path] of clips.entries()) {
    const file = await readFile(path);
    t.true(file.equals(await readFile(again[i])));
    t.is(file.length, HEADER.length + 16 * FRAME);
    t.is(file.subarray(0, HEADER.length).toString(), HEADER);
    const places = new Set<number>();
    for (let frame = 0; frame < 16; frame++) {
      const at = HEADER.length + frame * FRAME + 6;
      const luma = file.subarray(at, at + 32 * 32);
      t.is([...luma].filter((value) => value < 128).length, 8, `frame ${frame}`);
      places.add(luma.findIndex((value) => value < 128));
    }
    t.true(places.size > 3, 'it moves');
  }
});
