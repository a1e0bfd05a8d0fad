/** Ids of transformers' ImageGPTImageProcessor (bench/peers/baselines/golden_pixels.py), and its palettes. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { sharp } from '../../../../base/sharp.ts';
import { pixels } from '../../../../tokenizer/codecs/pixels/index.ts';

const golden = (name: string) =>
  fileURLToPath(new URL(`../../../golden/pixels/${name}`, import.meta.url));

const PALETTES = ['clusters.npy', 'preprocessor_config.json'];

for (const name of PALETTES) {
  test(`${name}: ids are those of ImageGPT's processor`, async (t) => {
    const codec = await pixels.open({ size: 32 }, { clusters: golden(name) });
    t.is(codec.alphabet, 48);
    t.is(codec.learning, undefined);
    const encoder = await codec.encoder();
    const { ids } = JSON.parse(await readFile(golden('expected.json'), 'utf8'));
    t.is(Object.keys(ids).length, 3);
    for (const [picture, expected] of Object.entries(ids)) {
      const { symbols } = await encoder.encode(await readFile(golden(picture)), picture);
      t.deepEqual([...symbols], expected, picture);
    }
  });
}

test('the palette in the settings keeps every bit, and alone shows a document', async (t) => {
  const { settings } = await (
    await pixels.open({ size: 32 }, { clusters: golden(PALETTES[0]) })
  ).encoder();
  t.is(settings.colours, 48);
  const again = await pixels.open(settings);
  const encoder = await again.encoder();
  t.deepEqual(encoder.settings, settings);
  const npy = await readFile(golden(PALETTES[0]));
  const floats = npy.subarray(npy.length - 48 * 12);
  t.is(settings.clusters, floats.toString('base64'));

  const { symbols } = await encoder.encode(await readFile(golden('0.png')), '0.png');
  const file = await again.view(symbols);
  const drawn = await sharp(file).removeAlpha().raw().toBuffer();
  // As ImageGPT's authors draw a cluster: rint(127.5 * (c + 1)).
  for (const [i, symbol] of symbols.entries()) {
    for (let c = 0; c < 3; c++) {
      const value = 127.5 * (floats.readFloatLE(4 * (3 * symbol + c)) + 1);
      t.true(Math.abs(drawn[3 * i + c] - value) <= 0.5 + 1e-9);
    }
  }
});
