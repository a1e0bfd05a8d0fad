/** The guide's lines of Python, run as they stand: a document of the server's text becomes a file that opens. */
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { sharp } from '../../base/sharp.ts';
import { encodeRaster } from '../../tokenizer/codecs/jpeg/encode.ts';
import { insertTables } from '../../tokenizer/codecs/jpeg/view.ts';
import { textOf } from '../../trainer/serve/text.ts';
import { temporaryFolder } from '../helpers/temporary.ts';
import { testIf } from '../helpers/tools.ts';

const ROOT = join(import.meta.dirname, '../..');
const PYTHON = ['.venv', '.venv-clients']
  .map((name) => join(ROOT, 'bench/peers', name, 'bin/python'))
  .find(existsSync);

/** Beside the lines of the guide: what a person would do with them. */
const USE = `
import sys
document = to_bytes(open(sys.argv[1], encoding="utf-8").read())
file = to_jpeg(document)
open(sys.argv[2], "wb").write(file)
Image.open(BytesIO(file)).convert("RGB").save(sys.argv[3])
`;

testIf(
  PYTHON !== undefined,
  'no bench/peers/setup*.sh was run',
  'to_bytes and to_jpeg of the guide with Pillow: the file is that of the codec, and Pillow opens it',
  async (t) => {
    const guide = await readFile(join(ROOT, 'docs/guides/use-elsewhere.md'), 'utf8');
    const lines = /```python\n# documents.py\n(from io[^`]*def to_jpeg[^`]*)```/.exec(guide)![1];
    const folder = await temporaryFolder(t);
    const [script, text, jpeg, png] = ['a.py', 'a.txt', 'a.jpg', 'a.png'].map((name) =>
      join(folder, name),
    );
    await writeFile(script, lines + USE);
    const [width, height] = [48, 33];
    const pixels = Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * i) >> 7);
    const document = await encodeRaster(pixels, width, height, 25);
    await writeFile(text, textOf(document));
    const done = await execa(PYTHON!, [script, text, jpeg, png], { reject: false });
    t.is(done.exitCode, 0, done.stderr);
    const decoded = (file: string | Uint8Array) =>
      sharp(file).toColourspace('srgb').removeAlpha().raw().toBuffer();
    const expected = await decoded(insertTables(document, 25));
    t.deepEqual(await decoded(jpeg), expected);
    // Two decoders of one file: rounding apart.
    const worst = (await decoded(png)).reduce(
      (most, value, i) => Math.max(most, Math.abs(value - expected[i])),
      0,
    );
    t.true(worst <= 2, `${worst}`);
  },
);
