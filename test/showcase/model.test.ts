import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { execa } from 'execa';
import { sharp } from '../../base/sharp.ts';
import { fontModules, PROMPT_FAMILY } from '../../demo/letters.ts';
import { listStyles } from '../../showcase/corpus/styles.ts';
import { SIDE, writeLetters } from '../../showcase/corpus/write.ts';
import { SHOWCASE_MODEL } from '../../showcase/model-folder.ts';
import { loadModel, score } from '../../trainer/index.ts';
import { temporaryFolder } from '../helpers/temporary.ts';

/** A tile of a contact sheet, and the gap before it. */
const GAP = 4;
const COLUMNS = 8;

test('the shipped model takes at most 12 MB', async (t) => {
  const names = await readdir(SHOWCASE_MODEL);
  const sizes = await Promise.all(names.map((name) => stat(join(SHOWCASE_MODEL, name))));
  t.true(sizes.reduce((sum, { size }) => sum + size, 0) <= 12e6);
  t.true(names.includes('model.safetensors') && names.includes('codec.json'));
});

test('its samples of seed 0 are those of the sheet in docs/, from the first on', async (t) => {
  const folder = join(await temporaryFolder(t), 'samples');
  const drawn = await execa('node', [
    ...['bin/codec-lm.js', 'trainer', 'sample', '--checkpoint', 'showcase/model', '--num', '4'],
    ...['--seed', '0', '--to', folder],
  ]);
  t.is(drawn.exitCode, 0);
  const sheet = sharp(await readFile('docs/pictures/showcase-samples.png'));
  const { width } = await sheet.metadata();
  t.is(width, GAP + COLUMNS * (SIDE + GAP));
  for (let nth = 0; nth < 4; nth++) {
    const left = GAP + nth * (SIDE + GAP);
    const tile = { left, top: GAP, width: SIDE, height: SIDE };
    const shown = await sheet.clone().extract(tile).removeAlpha().raw().toBuffer();
    const own = await sharp(join(folder, `0000000${nth}.jpg`))
      .raw()
      .toBuffer();
    t.true(own.equals(shown), `sample ${nth}`);
  }
});

test('it expects letters of a font that it has not seen, and no letters turned upside down', async (t) => {
  const folder = await temporaryFolder(t);
  const letters = join(folder, 'letters');
  const styles = await listStyles(fontModules(), [PROMPT_FAMILY]);
  await writeLetters(letters, styles.slice(2, 3), 1);
  const names = (await readdir(letters)).filter((name) => /-(65|71|82|69|52)-/.test(name));
  t.is(names.length, 5);
  const upright = names.map((name) => join(letters, name));
  const model = await loadModel(SHOWCASE_MODEL);
  const bits = async (sources: (string | Uint8Array)[]) => {
    let sum = 0;
    for await (const scored of score(model, sources)) sum += scored.bitsPerSymbol;
    return sum / sources.length;
  };
  const flipped = await Promise.all(
    upright.map((path) => sharp(path).flip().flop().png().toBuffer()),
  );
  const [own, other] = [await bits(upright), await bits(flipped)];
  t.true(own < 0.25, `${own} bits per byte`);
  t.true(other > 1.3 * own, `${other} beside ${own}`);
});
