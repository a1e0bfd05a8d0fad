import test from 'ava';
import { sharp } from '../../../../base/sharp.ts';
import { jpegSettingsSchema } from '../../../../tokenizer/codecs/jpeg/settings.ts';
import { centreCrop, type Size, turnOf } from '../../../../tokenizer/codecs/pictures/crop.ts';
import { openImage } from '../../../../tokenizer/codecs/pictures/decode.ts';
import { type Draft, draftOf } from '../../../../tokenizer/codecs/pictures/draft.ts';

const TARGET: Size = { width: 256, height: 256 };

function draft(width: number, height: number): Draft | undefined {
  const stored = { width, height };
  return draftOf(stored, centreCrop(stored, TARGET, turnOf(1)), TARGET);
}

test('small images have no draft, large ones one of more pixels than the target', (t) => {
  t.is(draft(640, 480), undefined);
  t.is(draft(1535, 1535), undefined);
  for (const [width, height] of [
    [2048, 1536],
    [4000, 3000],
    [3024, 4032],
    [12_000, 8000],
  ]) {
    const { whole, part } = draft(width, height) as Draft;
    t.true(part.width >= 1.15 * TARGET.width && part.height >= 1.15 * TARGET.height);
    t.true(part.left >= 0 && part.left + part.width <= whole.width);
    t.true(part.top >= 0 && part.top + part.height <= whole.height);
  }
});

test('the borders of the crop lie on pixels of the draft, to a tenth of a pixel of the target', (t) => {
  let drafts = 0;
  for (let width = 1600; width < 9000; width += 97) {
    for (let height = 1540; height < 7000; height += 131) {
      const found = draft(width, height);
      if (found === undefined) continue;
      drafts++;
      const crop = centreCrop({ width, height }, TARGET, turnOf(1));
      const sides = [
        { stored: width, start: crop.left, length: crop.width, axis: 'width', at: 'left' },
        { stored: height, start: crop.top, length: crop.height, axis: 'height', at: 'top' },
      ] as const;
      // At a fraction of its size a JPEG has only whole blocks of 8, 4 or 2 pixels.
      const isNear = [8, 4, 2].some((divisor) =>
        sides.every(({ stored, start, length, axis, at }) => {
          const scale = found.whole[axis] / (stored - (stored % divisor));
          const [first, last] = [found.part[at], found.part[at] + found.part[axis]];
          const missed = [start * scale - first, (start + length) * scale - last];
          return missed.every((m) => (Math.abs(m) * TARGET[axis]) / (length * scale) <= 0.1);
        }),
      );
      t.true(isNear, `${width}x${height}`);
    }
  }
  t.true(drafts > 500, `${drafts} sizes have a draft`);
});

/** A wedge of ramps and bars: shifted by half a pixel it would differ by more than ten levels. */
async function ruler(width: number, height: number): Promise<Buffer> {
  const pixels = Buffer.alloc(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = (y * width + x) * 3;
      pixels[at] = 128 + 100 * Math.sin((40 * x) / width);
      pixels[at + 1] = 128 + 100 * Math.sin((40 * y) / height);
      pixels[at + 2] = 128 + 100 * Math.sin((25 * (x + y)) / height);
    }
  }
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .jpeg({ quality: 95, chromaSubsampling: '4:4:4' })
    .toBuffer();
}

for (const [width, height] of [
  [2048, 1536],
  [2601, 1999],
  [3001, 2999],
  [3024, 4032],
  [4000, 3000],
]) {
  test(`${width}x${height} pixels give what a full decode gives`, async (t) => {
    const source = await ruler(width, height);
    const settings = jpegSettingsSchema.parse({ quality: 25 });
    const drafted = await (await openImage(source, 'ruler', settings)).raw().toBuffer();
    const crop = centreCrop({ width, height }, TARGET, turnOf(1));
    const full = await sharp(source)
      .extract(crop)
      .resize(TARGET.width, TARGET.height, { fit: 'fill', kernel: 'linear' })
      .raw()
      .toBuffer();
    const worst = drafted.reduce((most, value, i) => Math.max(most, Math.abs(value - full[i])), 0);
    t.true(worst <= 6, `differs by up to ${worst} of 255`);
  });
}
