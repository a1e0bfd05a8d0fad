/** The rows about images: backgrounds, GIFs, messages, crosstalk, pages with drawings. */
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sharp } from '../../../base/sharp.ts';
import { createJpegCodec } from '../../../tokenizer/codecs/jpeg/encode.ts';
import { toJpegFile } from '../../../tokenizer/codecs/jpeg/view.ts';
import { type Case, command, expect, failuresOf, temporary } from './case.ts';

/** The corner of the picture that the document of a file shows. */
async function cornerOf(file: string, ...options: string[]): Promise<number[]> {
  const settings = Object.fromEntries(options.map((option) => option.split('=')));
  const codec = createJpegCodec({ width: 64, height: 64, quality: 95, ...settings });
  const { symbols } = await codec.encode(readFileSync(file), file);
  const { data } = await sharp(toJpegFile(symbols, 95)).raw().toBuffer({ resolveWithObject: true });
  return [...data.subarray(0, 3)];
}

function near(found: number[], wanted: number[]): boolean {
  return found.every((value, i) => Math.abs(value - wanted[i]) <= 4);
}

/** Patterns that recognize the messages of each decoder. */
const DECODERS = { heif: /heif/, png: /png/, jpeg: /VipsJpeg/ };

/** Failures by file name. */
async function failuresIn(
  sources: string,
): Promise<Map<string, { code: string; message: string }>> {
  const out = join(temporary(), 'ds');
  await command(
    'pipeline',
    'run',
    'images',
    sources,
    '--out',
    out,
    '--size',
    '64',
    '--merges',
    '0',
    '--max-failures',
    '100',
  );
  return new Map(failuresOf(out).map((line) => [line.source.split('/').at(-1) ?? '', line]));
}

export const IMAGES: readonly Case[] = [
  {
    name: 'background/la.png with --background #0000ff',
    async check(folder) {
      for (const file of ['la.png', 'rgba.png']) {
        const found = await cornerOf(join(folder, 'background', file), 'background=#0000ff');
        expect(near(found, [0, 0, 255]), `${file}: its transparent corner is ${found}`);
      }
    },
  },
  {
    name: 'gif/logo.gif: the colour of the palette under transparency',
    async check(folder) {
      for (const file of ['logo.gif', 'logo.png']) {
        const found = await cornerOf(join(folder, 'gif', file));
        expect(near(found, [255, 255, 255]), `${file}: its transparent corner is ${found}`);
      }
    },
  },
  {
    name: 'messages: what the library lacks is named',
    async check(folder) {
      const failures = await failuresIn(join(folder, 'messages'));
      const wanted = { 'photo.heic': /HEVC/, 'zstd.tif': /ZSTD compression/, 'lab.tif': /CIELAB/ };
      for (const [file, reason] of Object.entries(wanted)) {
        const failure = failures.get(file);
        // With libheif-js the photograph is read.
        if (file === 'photo.heic' && failure === undefined) continue;
        expect(failure?.code === 'IMAGE_UNSUPPORTED', `${file}: ${failure?.code}`);
        expect(reason.test(failure?.message ?? ''), `${file}: ${failure?.message}`);
      }
      expect(!failures.has('ok.jpg'), 'ok.jpg failed');
    },
  },
  {
    name: 'crosstalk: each failure carries its own cause',
    async check(folder) {
      const failures = await failuresIn(join(folder, 'crosstalk'));
      expect(failures.size === 9, `${failures.size} of 9 files failed`);
      for (const [file, { code, message }] of failures) {
        const own = file.endsWith('.avif')
          ? DECODERS.heif
          : file.endsWith('.png')
            ? DECODERS.png
            : DECODERS.jpeg;
        const others = Object.values(DECODERS).filter((other) => other !== own);
        const text = message.replace(/^\S+/, '');
        expect(code === 'IMAGE_CORRUPT' && own.test(text), `${file}: ${code} ${message}`);
        expect(
          !others.some((other) => other.test(text)),
          `${file} has the cause of another: ${message}`,
        );
      }
    },
  },
  {
    name: 'an HTML page with an inline <svg>, named .jpg',
    async check(given) {
      const folder = temporary();
      // A run needs one image to learn its tokenizer from.
      copyFileSync(join(given, 'messages/ok.jpg'), join(folder, 'ok.jpg'));
      writeFileSync(
        join(folder, 'page.jpg'),
        '<!doctype html><html><body><svg></svg></body></html>',
      );
      const failure = (await failuresIn(folder)).get('page.jpg');
      const isRight =
        failure?.code === 'IMAGE_UNSUPPORTED' && /is an HTML page/.test(failure.message);
      expect(isRight, `${failure?.code} ${failure?.message}`);
    },
  },
];
