import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { sharp } from '../../../base/sharp.ts';
import { ByteBpe } from '../../../tokenizer/bpe/tokenizer.ts';
import { createJpegCodec } from '../../../tokenizer/codecs/jpeg/encode.ts';
import { jpeg } from '../../../tokenizer/codecs/jpeg/index.ts';
import { jpegSettingsSchema } from '../../../tokenizer/codecs/jpeg/settings.ts';
import type { SamplingCodec } from '../../../trainer/sample/codec.ts';
import { GrowingFile } from '../../../trainer/sample/growing.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';

const SIDE = 48;
const SETTINGS = jpegSettingsSchema.parse({ width: SIDE, height: SIDE });

/** A document, and a tokenizer of which one token begins before the tables and ends behind them. */
async function someDocument() {
  const pixels = Uint8Array.from({ length: SIDE * SIDE * 3 }, (_, i) => (i * i) >> 5);
  const image = sharp(pixels, { raw: { width: SIDE, height: SIDE, channels: 3 } }).png();
  const source = new Uint8Array(await image.toBuffer());
  const { symbols: bytes } = await createJpegCodec(SETTINGS).encode(source, 'a picture');
  const tokenizer = new ByteBpe([
    [0xd8, 0xff],
    [0, 0],
  ]);
  return { bytes, tokenizer, ids: tokenizer.encode(bytes) };
}

for (const given of [0, 1, 40]) {
  test(`the file that has grown is the sample's, from ${given} tokens that were given`, async (t) => {
    const { bytes, tokenizer, ids } = await someDocument();
    const folder = await temporaryFolder(t);
    const path = join(folder, '00000007.jpg');
    const medium = await jpeg.open(SETTINGS);
    let previews = 0;
    const codec: SamplingCodec = {
      ...medium,
      seqLen: 4096,
      preview(beginning) {
        previews++;
        return medium.preview!(beginning);
      },
    };
    const file = new GrowingFile(folder, 7, codec, tokenizer.decode(ids.subarray(0, given)));
    t.false(existsSync(path));
    let length = 0;
    for (const id of ids.subarray(given)) {
      file.add(tokenizer.tokenSymbols(id));
      const now = existsSync(path) ? readFileSync(path).length : 0;
      t.true(now >= length);
      length = now;
    }
    t.deepEqual(readFileSync(path), Buffer.from(await medium.view(bytes)));
    // Nothing but what is new is made or written once it has begun.
    t.is(previews, 1);
    file.close();
    t.false(existsSync(path));
  });
}
