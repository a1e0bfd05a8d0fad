/** `tokenizer compare`, and its measures of likeness. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { randomFractions } from '../../../base/random.ts';
import { sharp } from '../../../base/sharp.ts';
import { luminanceOf, psnr, ssim } from '../../../tokenizer/codecs/pictures/similarity.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';
import { run } from '../../helpers/workplace.ts';

test('PSNR: one level of 255 is 48.13 dB, equal pictures are 100 dB', (t) => {
  const dark = new Uint8Array(300).fill(7);
  t.is(psnr(dark, dark), 100);
  t.true(Math.abs(psnr(dark, new Uint8Array(300).fill(8)) - 48.1308) < 1e-4);
});

test('SSIM: 1 for the same, the formula for flat pictures, by hand for a window', (t) => {
  const random = randomFractions(1, 1);
  const side = 11;
  const grey = (values: number[]) => {
    const pixels = Uint8Array.from(
      { length: 3 * side * side },
      (_, i) => values[Math.floor(i / 3)],
    );
    return luminanceOf({ width: side, height: side, pixels });
  };
  const noise = Array.from({ length: side * side }, () => Math.floor(256 * random()));
  const other = noise.map((value) => Math.floor(value / 2 + 60 * random()));
  t.true(Math.abs(ssim(grey(noise), grey(noise)) - 1) < 1e-9);
  const flat = (value: number) => grey(noise.map(() => value));
  const [c1, c2] = [6.5025, 58.5225];
  const wanted = (2 * 100 * 150 + c1) / (100 ** 2 + 150 ** 2 + c1);
  t.true(Math.abs(ssim(flat(100), flat(150)) - wanted) < 1e-6);

  // One window fits: its weighted moments, each as it is defined.
  const weights = noise.map((_, i) => {
    const [y, x] = [Math.floor(i / side) - 5, (i % side) - 5];
    return Math.exp(-(x * x + y * y) / 4.5);
  });
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const mean = (of: (i: number) => number) =>
    weights.reduce((sum, weight, i) => sum + (weight / total) * of(i), 0);
  const [mx, my] = [mean((i) => noise[i]), mean((i) => other[i])];
  const vx = mean((i) => (noise[i] - mx) ** 2);
  const vy = mean((i) => (other[i] - my) ** 2);
  const covariance = mean((i) => (noise[i] - mx) * (other[i] - my));
  const byHand =
    ((2 * mx * my + c1) * (2 * covariance + c2)) / ((mx ** 2 + my ** 2 + c1) * (vx + vy + c2));
  t.true(Math.abs(ssim(grey(noise), grey(other)) - byHand) < 1e-6);
});

test('a page of three codecs, and their means', async (t) => {
  const folder = await temporaryFolder(t);
  const pictures = [0, 1].map((n) => join(folder, `${n}.png`));
  const picture = await readFile('test/golden/vq/picture.png');
  await writeFile(pictures[0], picture);
  await sharp(picture).rotate(90).toFile(pictures[1]);
  await writeFile(join(folder, 'broken.png'), picture.subarray(0, 40));
  const page = join(folder, 'page.html');
  const codecs = ['jpeg:size=32', 'jpeg:size=32,quality=90', 'pixels:size=16,colours=8'];
  const vq = 'vq:size=32,vq=test/golden/vq/taming';
  const named = [...codecs, vq].flatMap((codec) => ['--codec', codec]);
  const done = await run('tokenizer', ['compare', folder, ...named, '--to', page, '--json'], {
    CODEC_LM_BACKEND: 'wasm',
  });
  // One of three cannot be read.
  t.is(done.exitCode, 3, done.stderr);
  t.regex(done.stderr, /broken\.png/);
  const means = done.stdout.split('\n').map((line) => JSON.parse(line));
  t.deepEqual(
    means.map(({ codec, pictures: count, symbols }) => [codec, count, symbols]).slice(2),
    [
      [codecs[2], 2, 256],
      [vq, 2, 256],
    ],
  );
  const [coarse, fine, few, codes] = means;
  t.true(fine.psnr > coarse.psnr && fine.ssim > coarse.ssim && fine.bits > coarse.bits);
  t.is(few.bits, 256 * 3);
  t.is(codes.bits, 256 * 6);
  const text = await readFile(page, 'utf8');
  t.is(text.match(/<figure class="trip">/g)?.length, 8);
  t.is(text.match(/data:image\/png;base64/g)?.length, 24);

  const wrong = await run('tokenizer', [
    'compare',
    folder,
    '--codec',
    'jpeg:quality',
    '--to',
    page,
  ]);
  t.is(wrong.exitCode, 2);
  t.regex(wrong.stderr, /"quality" is not OPTION=VALUE/);
  const unknown = await run('tokenizer', ['compare', folder, '--codec', 'jpeg:x=1', '--to', page]);
  t.regex(unknown.stderr, /no option is called/);
});
